// Makes the mail of a delivery: loads what it tells, renders it once for all recipients, fills in what is theirs.
// Knows nothing of SMTP.
import { LRUCache } from 'lru-cache'
import { ownCall } from '../../shared/bus/headers.ts'
import type { Clock } from '../../shared/clock.ts'
import type { Call, Client } from '../../shared/contract.ts'
import type { gateway } from '../../shared/contracts/gateway.ts'
import { toAddress } from '../../shared/email-address.ts'
import { AppError } from '../../shared/errors.ts'
import type { Ids } from '../../shared/ids.ts'
import { domainOf, type Mailbox } from './addresses.ts'
import type { Deliveries } from './deliveries.ts'
import { invitationMail, invitationText } from './emails/invitation.ts'
import { loopShipped, loopShippedText } from './emails/loop-shipped.ts'
import { passwordResetMail, passwordResetText } from './emails/password-reset.ts'
import { fill, type Rendered, render } from './emails/render.ts'
import { moment, oneLine } from './emails/text.ts'
import type { Mail } from './mailer.ts'
import type { Delivery, InvitationNotice, LoopShippedNotice, Notice, PasswordResetNotice } from './notices.ts'
import { unsubscribeToken } from './unsubscribe.ts'

/** The mail, or why there is none to send any more. */
export type Composed = Readonly<{ mail: Mail } | { suppressed: string } | { failed: string }>

export type ComposeDeps = Readonly<{
  deliveries: Pick<Deliveries, 'findNotice'>
  gateway: Pick<Client<typeof gateway>, 'get_invitation' | 'get_password_reset'>
  clock: Clock
  ids: Ids
  publicUrl: string
  sender: Mailbox
  unsubscribeKey: Uint8Array
}>

/** Events whose rendered mail is kept in memory; one is some tens of kilobytes. */
const KEPT_EVENTS = 64

/** What is the same in every mail of an event. There is one language so far; a second one belongs into the cache's key. */
type Shared =
  | InvitationNotice
  | PasswordResetNotice
  | (LoopShippedNotice & Readonly<{ subject: string; html: Rendered }>)

const workspaceUrl = ({ publicUrl }: ComposeDeps): string => `${publicUrl}/workspace`

const loadShared = async (deps: ComposeDeps, event_id: string): Promise<Shared> => {
  const notice = await deps.deliveries.findNotice(event_id)
  if (!notice) throw new Error(`The notice ${event_id} is gone.`)
  if (notice.template !== 'loop-shipped') return notice
  const { subject, mjml } = loopShipped(notice.facts, workspaceUrl(deps))
  return { ...notice, subject, html: await render(mjml) }
}

/** The parts of a mail that follow from its delivery alone. */
const envelopeOf = (deps: ComposeDeps, delivery: Delivery, notice: Notice, to: Mailbox) => ({
  // The delivery's id, so that every try has the same; a colon would have to be quoted (RFC 5322 §3.6.4).
  message_id: `<${delivery.template}.${delivery._id.replace(':', '.')}@${domainOf(deps.sender)}>`,
  date: notice.at,
  from: deps.sender,
  to: { name: oneLine(to.name), address: to.address },
})

const composeShipped = (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: Shared & { template: 'loop-shipped' },
): Composed => {
  const { ws, user_id, to } = delivery
  if (to === null || user_id === null) return { failed: 'no recipient' }
  const { facts } = notice
  const token = unsubscribeToken(deps.unsubscribeKey, { workspace_id: ws, user_id })
  const parts = {
    name: oneLine(to.name),
    shipped_at: moment(new Date(facts.shipped_at), delivery.locale, delivery.time_zone),
    unsubscribe_url: `${deps.publicUrl}/u/${token}`,
  }
  return {
    mail: {
      ...envelopeOf(deps, delivery, notice, to),
      subject: notice.subject,
      text: loopShippedText(facts, workspaceUrl(deps), parts),
      html: fill(notice.html, parts),
      thread: `<loop.${facts.loop_id}@${domainOf(deps.sender)}>`,
      list: {
        id: `${ws.toLowerCase()}.loops.${domainOf(deps.sender)}`,
        name: oneLine(facts.workspace_name),
        unsubscribe_url: parts.unsubscribe_url,
      },
    },
  }
}

/** What a mail with a secret link says, and to whom. */
type Linked = Readonly<{ to: Mailbox; subject: string; mjml: string; text: string }>

const inEnglish = (timestamp: string): string => moment(new Date(timestamp), 'en', 'UTC')

const invitationOf = async (
  { gateway }: ComposeDeps,
  notice: InvitationNotice,
  call: Call,
): Promise<Linked> => {
  const { email, ...asked } = await gateway.get_invitation(
    { invitation_id: notice.facts.invitation_id },
    call,
  )
  const invitation = { ...asked, expires_at: inEnglish(asked.expires_at) }
  return { to: { name: '', address: email }, ...invitationMail(invitation), text: invitationText(invitation) }
}

const resetOf = async (
  { gateway }: ComposeDeps,
  notice: PasswordResetNotice,
  call: Call,
): Promise<Linked> => {
  const { email, ...asked } = await gateway.get_password_reset({ reset_id: notice.facts.reset_id }, call)
  const reset = { ...asked, expires_at: inEnglish(asked.expires_at) }
  return {
    to: { name: asked.name, address: email },
    ...passwordResetMail(reset),
    text: passwordResetText(reset),
  }
}

const composeLinked = async (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: InvitationNotice | PasswordResetNotice,
): Promise<Composed> => {
  const call = ownCall(deps.clock, deps.ids.next())
  try {
    const linked =
      notice.template === 'invitation'
        ? await invitationOf(deps, notice, call)
        : await resetOf(deps, notice, call)
    const address = toAddress(linked.to.address)
    if (address === undefined) return { failed: 'not an address' }
    return {
      mail: {
        ...envelopeOf(deps, delivery, notice, { name: linked.to.name, address }),
        subject: linked.subject,
        text: linked.text,
        html: fill(await render(linked.mjml), {}),
      },
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found')
      return { suppressed: 'taken up, withdrawn or expired' }
    throw error
  }
}

/**
 * Makes the function that turns a delivery into its mail.
 * @throws (that function) when what the mail tells cannot be loaded now.
 */
export const createComposer = (deps: ComposeDeps): ((delivery: Delivery) => Promise<Composed>) => {
  const events = new LRUCache<string, Shared>({
    max: KEPT_EVENTS,
    fetchMethod: (event_id) => loadShared(deps, event_id),
  })
  return async (delivery) => {
    const notice = await events.fetch(delivery.event_id)
    if (!notice) throw new Error(`The notice ${delivery.event_id} could not be loaded.`)
    return notice.template === 'loop-shipped'
      ? composeShipped(deps, delivery, notice)
      : await composeLinked(deps, delivery, notice)
  }
}
