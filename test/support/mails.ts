// Examples of every mail, as a reader with a locale gets it; tests may change everything in them.
import {
  type AccountNotice,
  accountDeleted,
  addressChanged,
  appConnected,
  newAddress,
  newBrowser,
  passwordChanged,
  providerChanged,
  providerLink,
  secondFactorChanged,
  tokenExpiring,
  workspaceDeleted,
} from '../../services/notifier/emails/account-notice.ts'
import { confirmation } from '../../services/notifier/emails/confirmation.ts'
import { failedSignIns } from '../../services/notifier/emails/failed-sign-ins.ts'
import { invitation } from '../../services/notifier/emails/invitation.ts'
import { type LoopShipped, loopShipped } from '../../services/notifier/emails/loop-shipped.ts'
import { type Mention, mention } from '../../services/notifier/emails/mention.ts'
import { passwordReset } from '../../services/notifier/emails/password-reset.ts'
import { fill, type Parts, render } from '../../services/notifier/emails/render.ts'
import { type TaskHeld, taskHeld } from '../../services/notifier/emails/task-held.ts'
import { timeWriter } from '../../services/notifier/emails/text.ts'
import { type WebhookDisabled, webhookDisabled } from '../../services/notifier/emails/webhook-disabled.ts'
import { wordingOf } from '../../services/notifier/emails/wording.ts'
import type { FactsOf } from '../../services/notifier/notice-rules.ts'
import type { TemplateName } from '../../shared/contracts/notifier/shapes.ts'
import { exampleId, type ShippedLoop, shippedLoop } from './shipped-loop.ts'

/** A mail's three texts. */
export type MailTexts = ReturnType<typeof fill>

const WORKSPACE = exampleId(8)
const pageUrl = (path: string): string => `https://loops.example.com/${path}?workspace=${WORKSPACE}`
export const LOOP_URL = pageUrl(`loops/${exampleId(1)}`)
export const taskUrl = (task_id: string): string => pageUrl(`tasks/${task_id}`)
export const TASK_URL = taskUrl(exampleId(5))
export const UNSUBSCRIBE_URL = 'https://loops.example.com/u/token'
export const PREFERENCES_URL = `${UNSUBSCRIBE_URL}?mail=${exampleId(7)}`
export const CONFIRM_URL = `https://loops.example.com/confirm/${'s'.repeat(26)}.${'m'.repeat(43)}`
export const PROVIDER_LINK_URL = `https://loops.example.com/oidc/mailed/${'s'.repeat(26)}.${'m'.repeat(43)}`
export const INVITATION_URL = `https://loops.example.com/invitations/${'s'.repeat(43)}.${'m'.repeat(43)}`
export const RESET_URL = `https://loops.example.com/reset/${'s'.repeat(43)}.${'m'.repeat(43)}`

const AT = new Date('2026-11-22T14:03:00.000Z')
const ZONE = 'Europe/Zurich'

/** What the mail of a shipped loop says. */
export const shippedFacts = (changes: Partial<LoopShipped> = {}): FactsOf<'loop-shipped'> => ({
  ...shippedLoop(),
  people_ids: [],
  workspace_name: 'Acme Store',
  ...changes,
})

/** Tasks of an event, each with the title and its number. */
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

/** The reader's own settings. */
export const partsIn = (locale: string, changes: Partial<Parts> = {}): Parts => ({
  name: 'Ben',
  shipped_at: timeWriter(locale, ZONE)(AT),
  preferences_url: PREFERENCES_URL,
  unsubscribe_url: UNSUBSCRIBE_URL,
  ...changes,
})

export const shippedTemplate = (locale: string, changes: Partial<LoopShipped> = {}, isShipper = false) =>
  loopShipped(shippedFacts(changes), wordingOf(locale), {
    pages: { loop: LOOP_URL, task: taskUrl },
    isShipper,
  })

export const shippedMail = async (
  locale: string,
  changes: Partial<LoopShipped> = {},
  parts: Partial<Parts> = {},
  isShipper = false,
): Promise<MailTexts> =>
  fill(await render(shippedTemplate(locale, changes, isShipper)), partsIn(locale, parts))

export const invitationMail = async (
  locale: string,
  changes: Readonly<{ workspace_name?: string; invited_by?: string }> = {},
): Promise<MailTexts> => {
  const expires_at = timeWriter(locale, ZONE)(AT)
  const facts = {
    url: INVITATION_URL,
    workspace_name: 'Acme Store',
    invited_by: 'Ana López',
    expires_at,
    ...changes,
  }
  return fill(await render(invitation(facts, wordingOf(locale))), {})
}

export const passwordResetMail = async (
  locale: string,
  changes: Readonly<{ name?: string }> = {},
): Promise<MailTexts> => {
  const facts = { url: RESET_URL, name: 'Ben', expires_at: timeWriter(locale, ZONE)(AT), ...changes }
  return fill(await render(passwordReset(facts, wordingOf(locale))), {})
}

export const WEBHOOKS_URL = pageUrl('workspace/webhooks')

export const webhookDisabledMail = async (
  locale: string,
  changes: Partial<WebhookDisabled> = {},
): Promise<MailTexts> => {
  const facts = {
    name: 'Ben',
    workspace_name: 'Acme Store',
    url: 'https://hooks.example.com/loops',
    cause: 'failing' as const,
    failing_since: timeWriter(locale, ZONE)(AT),
    webhooks_url: WEBHOOKS_URL,
    ...changes,
  }
  return fill(await render(webhookDisabled(facts, wordingOf(locale))), {})
}

export const taskHeldMail = async (
  locale: string,
  changes: Partial<TaskHeld> = {},
  parts: Partial<Parts> = {},
): Promise<MailTexts> => {
  const facts = {
    title: 'Retry the payment request',
    expiries: 3,
    workspace_name: 'Acme Store',
    ...changes,
  }
  return fill(await render(taskHeld(facts, wordingOf(locale), TASK_URL)), partsIn(locale, parts))
}

/** Stops mails about mentions. */
export const MENTIONS_URL = `${UNSUBSCRIBE_URL}?list=mentions`
export const COMMENT_URL = `${TASK_URL}#comment-${exampleId(6)}`

export const mentionMail = async (
  locale: string,
  changes: Partial<Mention> = {},
  parts: Partial<Parts> = {},
  on: 'task' | 'loop' = 'task',
): Promise<MailTexts> => {
  const facts = {
    title: 'Retry the payment request',
    excerpt: '@Ben the **second** request can come an hour later. Is a day enough for the key?',
    by: { name: 'Ana López', client: '' },
    workspace_name: 'Acme Store',
    ...changes,
  }
  const page = { on, url: on === 'task' ? COMMENT_URL : `${LOOP_URL}#comment-${exampleId(6)}` }
  const links = { preferences_url: UNSUBSCRIBE_URL, unsubscribe_url: MENTIONS_URL }
  return fill(await render(mention(facts, wordingOf(locale), page)), partsIn(locale, { ...links, ...parts }))
}

export const confirmationMail = async (locale: string): Promise<MailTexts> => {
  const facts = { url: CONFIRM_URL, email: 'ben@example.com', expires_at: timeWriter(locale, ZONE)(AT) }
  return fill(await render(confirmation(facts, wordingOf(locale))), {})
}
export const failedSignInsMail = async (
  locale: string,
  changes: Readonly<{ name?: string }> = {},
): Promise<MailTexts> => {
  const facts = { url: 'https://loops.example.com/forgot', name: 'Ben', ...changes }
  return fill(await render(failedSignIns(facts, wordingOf(locale))), {})
}

/** The mails about what happened to an account. */
const NOTICES = {
  'password-changed': { write: passwordChanged, url: 'https://loops.example.com/forgot' },
  'second-factor-changed': { write: secondFactorChanged, url: 'https://loops.example.com/forgot' },
  'app-connected': { write: appConnected, url: 'https://loops.example.com/apps' },
  'new-address': { write: newAddress, url: CONFIRM_URL },
  'address-changed': { write: addressChanged, url: 'https://loops.example.com/account' },
  'provider-changed': { write: providerChanged, url: 'https://loops.example.com/account' },
  'provider-link': { write: providerLink, url: PROVIDER_LINK_URL },
  'token-expiring': { write: tokenExpiring, url: 'https://loops.example.com/account/tokens' },
  'new-browser': { write: newBrowser, url: 'https://loops.example.com/account/sessions' },
  'account-deleted': { write: accountDeleted, url: 'https://loops.example.com/sign-in' },
  'workspace-deleted': { write: workspaceDeleted, url: 'https://loops.example.com/' },
} as const

export const noticeMail = async (
  kind: keyof typeof NOTICES,
  locale: string,
  changes: Partial<AccountNotice> = {},
): Promise<MailTexts> => {
  const { write, url } = NOTICES[kind]
  const facts = {
    app: 'Claude',
    workspace: 'Acme Store',
    email: 'ben.new@example.com',
    provider: 'Acme ID',
    shown: 'ben@example.com',
    token: 'Nightly build',
    ending: 'x7Qf',
    browser: 'Firefox',
    system: 'Linux',
    address: '192.0.2.44',
    at: timeWriter(locale, ZONE)(AT),
    by: 'Ana López',
  }
  const expires_at = timeWriter(locale, ZONE)(AT)
  const notice = { url, name: 'Ben', email: 'ben.new@example.com', expires_at, facts, ...changes }
  return fill(await render(write(notice, wordingOf(locale))), {})
}

/** A mail in a locale, with `text` wherever people's text may appear. */
type Saying = (locale: string, text: string) => Promise<MailTexts>

/** Every mail with one text wherever people's text may appear. A confirmation has no such place. */
export const MAILS_SAYING: Readonly<Record<Exclude<TemplateName, 'confirmation' | 'new-address'>, Saying>> = {
  'password-changed': (locale, text) => noticeMail('password-changed', locale, { name: text }),
  'second-factor-changed': (locale, text) => noticeMail('second-factor-changed', locale, { name: text }),
  'app-connected': (locale, text) =>
    noticeMail('app-connected', locale, { name: text, facts: { app: text, workspace: text } }),
  'address-changed': (locale, text) => noticeMail('address-changed', locale, { name: text }),
  'provider-changed': (locale, text) =>
    noticeMail('provider-changed', locale, { name: text, facts: { change: 'disconnected', provider: text } }),
  'provider-link': (locale, text) =>
    noticeMail('provider-link', locale, { name: text, facts: { provider: text, shown: text } }),
  'token-expiring': (locale, text) =>
    noticeMail('token-expiring', locale, {
      name: text,
      facts: { token: text, ending: text, workspace: text, account: text, at: '' },
    }),
  'new-browser': (locale, text) =>
    noticeMail('new-browser', locale, { name: text, facts: { address: text, at: '' } }),
  'account-deleted': (locale, text) => noticeMail('account-deleted', locale, { name: text }),
  'workspace-deleted': (locale, text) =>
    noticeMail('workspace-deleted', locale, { name: text, facts: { workspace: text, by: text } }),
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
  'task-held': (locale, text) => taskHeldMail(locale, { title: text, workspace_name: text }, { name: text }),
  mention: (locale, text) =>
    mentionMail(
      locale,
      { title: text, excerpt: text, by: { name: text, client: text }, workspace_name: text },
      { name: text },
    ),
  'failed-sign-ins': (locale, text) => failedSignInsMail(locale, { name: text }),
}

type MailIn = (locale: string) => Promise<MailTexts>

/** Every mail as it usually is, and as whoever did what it is about gets it (`-by-you`), where that differs. */
export const MAILS: Readonly<
  Record<TemplateName, MailIn> & Partial<Record<`${TemplateName}-by-you`, MailIn>>
> = {
  'loop-shipped': (locale) => shippedMail(locale),
  'loop-shipped-by-you': (locale) => shippedMail(locale, {}, { name: 'Ana' }, true),
  invitation: (locale) => invitationMail(locale),
  'password-reset': (locale) => passwordResetMail(locale),
  'webhook-disabled': (locale) => webhookDisabledMail(locale),
  'task-held': (locale) => taskHeldMail(locale),
  mention: (locale) => mentionMail(locale),
  confirmation: (locale) => confirmationMail(locale),
  'failed-sign-ins': (locale) => failedSignInsMail(locale),
  'password-changed': (locale) => noticeMail('password-changed', locale),
  'second-factor-changed': (locale) => noticeMail('second-factor-changed', locale),
  'app-connected': (locale) => noticeMail('app-connected', locale),
  'new-address': (locale) => noticeMail('new-address', locale),
  'address-changed': (locale) => noticeMail('address-changed', locale),
  'provider-changed': (locale) => noticeMail('provider-changed', locale),
  'provider-link': (locale) => noticeMail('provider-link', locale),
  'token-expiring': (locale) => noticeMail('token-expiring', locale),
  'new-browser': (locale) => noticeMail('new-browser', locale),
  'account-deleted': (locale) => noticeMail('account-deleted', locale),
  'workspace-deleted': (locale) => noticeMail('workspace-deleted', locale),
}
