// The mails of the tests: each one as somebody with a locale gets it, with everything in it yours to change.
import { confirmation } from '../../services/notifier/emails/confirmation.ts'
import { failedSignIns } from '../../services/notifier/emails/failed-sign-ins.ts'
import { invitation } from '../../services/notifier/emails/invitation.ts'
import { type LoopShipped, loopShipped } from '../../services/notifier/emails/loop-shipped.ts'
import { passwordReset } from '../../services/notifier/emails/password-reset.ts'
import { fill, type Parts, render } from '../../services/notifier/emails/render.ts'
import { clockOf } from '../../services/notifier/emails/text.ts'
import { type WebhookDisabled, webhookDisabled } from '../../services/notifier/emails/webhook-disabled.ts'
import { wordingOf } from '../../services/notifier/emails/wording.ts'
import { exampleId, type ShippedLoop, shippedLoop } from './shipped-loop.ts'

/** A mail's three texts. */
export type MailTexts = ReturnType<typeof fill>

export const WORKSPACE_URL = 'https://loops.example.com/workspace'
export const UNSUBSCRIBE_URL = 'https://loops.example.com/u/token'
export const PREFERENCES_URL = `${UNSUBSCRIBE_URL}?mail=${exampleId(7)}`
export const CONFIRM_URL = `https://loops.example.com/confirm/${'s'.repeat(26)}.${'m'.repeat(43)}`
export const INVITATION_URL = `https://loops.example.com/invitations/${'s'.repeat(43)}.${'m'.repeat(43)}`
export const RESET_URL = `https://loops.example.com/reset/${'s'.repeat(43)}.${'m'.repeat(43)}`

const AT = new Date('2026-11-22T14:03:00.000Z')
const ZONE = 'Europe/Zurich'

/** What a shipped loop's mail tells. */
export const shippedFacts = (changes: Partial<LoopShipped> = {}): LoopShipped => ({
  ...shippedLoop(),
  workspace_name: 'Acme Store',
  ...changes,
})

/** So many tasks of an event, all with one title and their number. */
export const taskLines = (
  count: number,
  title: string,
  status: 'shipped' | 'open',
): ShippedLoop['shipped_tasks'] =>
  Array.from({ length: count }, (_, index) => ({
    task_id: exampleId(index),
    title: `${title} ${index}`,
    status,
  }))

/** What is a recipient's own. */
export const partsIn = (locale: string, changes: Partial<Parts> = {}): Parts => ({
  name: 'Ben',
  shipped_at: clockOf(locale, ZONE)(AT),
  preferences_url: PREFERENCES_URL,
  unsubscribe_url: UNSUBSCRIBE_URL,
  ...changes,
})

export const shippedMail = async (
  locale: string,
  changes: Partial<LoopShipped> = {},
  parts: Partial<Parts> = {},
): Promise<MailTexts> =>
  fill(
    await render(loopShipped(shippedFacts(changes), wordingOf(locale), WORKSPACE_URL)),
    partsIn(locale, parts),
  )

export const invitationMail = async (
  locale: string,
  changes: Readonly<{ workspace_name?: string; invited_by?: string }> = {},
): Promise<MailTexts> => {
  const expires_at = clockOf(locale, ZONE)(AT)
  const told = {
    url: INVITATION_URL,
    workspace_name: 'Acme Store',
    invited_by: 'Ana López',
    expires_at,
    ...changes,
  }
  return fill(await render(invitation(told, wordingOf(locale))), {})
}

export const passwordResetMail = async (
  locale: string,
  changes: Readonly<{ name?: string }> = {},
): Promise<MailTexts> => {
  const told = { url: RESET_URL, name: 'Ben', expires_at: clockOf(locale, ZONE)(AT), ...changes }
  return fill(await render(passwordReset(told, wordingOf(locale))), {})
}

export const WEBHOOKS_URL = `${WORKSPACE_URL}/webhooks`

export const webhookDisabledMail = async (
  locale: string,
  changes: Partial<WebhookDisabled> = {},
): Promise<MailTexts> => {
  const told = {
    name: 'Ben',
    workspace_name: 'Acme Store',
    url: 'https://hooks.example.com/loops',
    cause: 'failing' as const,
    failing_since: clockOf(locale, ZONE)(AT),
    webhooks_url: WEBHOOKS_URL,
    ...changes,
  }
  return fill(await render(webhookDisabled(told, wordingOf(locale))), {})
}

/** The mail that confirms an address, and the one about failed sign-ins. */
export const confirmationMail = async (locale: string): Promise<MailTexts> => {
  const told = { url: CONFIRM_URL, email: 'ben@example.com', expires_at: clockOf(locale, ZONE)(AT) }
  return fill(await render(confirmation(told, wordingOf(locale))), {})
}
export const failedSignInsMail = async (
  locale: string,
  changes: Readonly<{ name?: string }> = {},
): Promise<MailTexts> => {
  const told = { url: 'https://loops.example.com/forgot', name: 'Ben', ...changes }
  return fill(await render(failedSignIns(told, wordingOf(locale))), {})
}

/** Every mail with texts of people by its name, with one text wherever such a text may stand. */
export const MAILS_SAYING: Readonly<Record<string, (locale: string, text: string) => Promise<MailTexts>>> = {
  'loop-shipped': (locale, text) =>
    shippedMail(
      locale,
      {
        name: text,
        description: text,
        workspace_name: text,
        by: { user_id: exampleId(2), name: text, client: text },
        shipped_tasks: [{ task_id: exampleId(1), title: text, status: 'shipped' }],
        unfinished_tasks: [{ task_id: exampleId(1), title: text, status: 'open' }],
      },
      { name: text },
    ),
  invitation: (locale, text) => invitationMail(locale, { workspace_name: text, invited_by: text }),
  'password-reset': (locale, text) => passwordResetMail(locale, { name: text }),
  'webhook-disabled': (locale, text) =>
    webhookDisabledMail(locale, { name: text, workspace_name: text, url: text }),
  'failed-sign-ins': (locale, text) => failedSignInsMail(locale, { name: text }),
}

/** Each mail as it usually is. */
export const MAILS: Readonly<Record<string, (locale: string) => Promise<MailTexts>>> = {
  'loop-shipped': (locale) => shippedMail(locale),
  invitation: (locale) => invitationMail(locale),
  'password-reset': (locale) => passwordResetMail(locale),
  'webhook-disabled': (locale) => webhookDisabledMail(locale),
  confirmation: (locale) => confirmationMail(locale),
  'failed-sign-ins': (locale) => failedSignInsMail(locale),
}
