// Every mail that Loops sends, one entry for each template: a new mail begins here. Pure.
import type { KeyObject } from 'node:crypto'
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { TemplateName } from '../../shared/contracts/notifier/shapes.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { domainOf, type Mailbox } from './addresses.ts'
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
} from './emails/account-notice.ts'
import { confirmation } from './emails/confirmation.ts'
import { failedSignIns } from './emails/failed-sign-ins.ts'
import { invitation } from './emails/invitation.ts'
import { loopShipped } from './emails/loop-shipped.ts'
import { mention } from './emails/mention.ts'
import { passwordReset } from './emails/password-reset.ts'
import type { Parts } from './emails/render.ts'
import { taskHeld } from './emails/task-held.ts'
import type { Template } from './emails/template.ts'
import { headerName, timeWriter, type WriteTime } from './emails/text.ts'
import { webhookDisabled } from './emails/webhook-disabled.ts'
import { type Wording, wordingOf } from './emails/wording.ts'
import type { Mail } from './mailer.ts'
import type {
  AccountTemplate,
  Delivery,
  FactsOf,
  LinkTemplate,
  LoopTemplate,
  MemberTemplate,
  MentionTemplate,
  NoticeOf,
  OwnerTemplate,
  ShownTo,
  TaskTemplate,
} from './notice-rules.ts'
import type { About } from './preference-rules.ts'
import { unsubscribeToken } from './unsubscribe.ts'

/** What all mails of an installation need to be written. */
export type Site = Readonly<{ publicUrl: string; sender: Mailbox; unsubscribeKey: KeyObject }>

/** Who reads a mail: a delivery whose address is known, and how times are written for its reader. */
export type Reader = Readonly<{
  delivery: Pick<Delivery, 'ws' | 'user_id' | 'locale'>
  to: Mailbox
  writeTime: WriteTime
}>

/** What a mail says to one reader. */
export type Content = Readonly<{
  template: () => Template
  /** Mails about one event with the same version and language differ in their slots alone. Absent: made for one reader. */
  version?: string
  parts?: Partial<Parts>
}> &
  // The thread that mail programs show it in, and the mailing list whose headers it carries.
  Pick<Mail, 'thread' | 'list'>

/** What a mail about a loop says to one reader, who must be able to unsubscribe from it. */
export type LoopContent = Content & Readonly<Required<Pick<Mail, 'thread' | 'list'>>>

type Common = Readonly<{
  /** Whether somebody is waiting for it: such mails go before those that only inform. */
  awaited: boolean
  /** Its name in lists of mails. */
  title: (about: About | null) => string
}>

/** A mail to people of a workspace. */
export type MemberMail<T extends MemberTemplate, C extends Content = Content> = Common &
  Readonly<{
    write: (notice: NoticeOf<T>, reader: Reader, site: Site) => C
  }>

/** A mail about a loop, to those who see it. */
type LoopMail<T extends LoopTemplate> = MemberMail<T, LoopContent> & Readonly<{ audience: 'readers' }>

/** A mail about a task, to whoever approved it. */
type TaskMail<T extends TaskTemplate> = MemberMail<T, LoopContent> & Readonly<{ audience: 'approver' }>

/** A mail about a comment, to those whom it mentions. */
type MentionMail<T extends MentionTemplate> = MemberMail<T, LoopContent> & Readonly<{ audience: 'mentioned' }>

/** A mail to the owners of the workspace. */
type OwnerMail<T extends OwnerTemplate> = MemberMail<T> & Readonly<{ audience: 'owners' }>

/** What the gateway is asked when a mail with a link is sent. */
export type LinkSource = Pick<
  Client<typeof gateway>,
  'get_invitation' | 'get_password_reset' | 'get_account_mail'
>

/** A mail with a link. The gateway keeps link and address, and is asked for them when the mail is sent. */
export type LinkMail<T extends LinkTemplate> = Common &
  Readonly<{
    audience: 'link'
    shown_to: ShownTo
    /** @throws AppError `not_found` when the link no longer works. */
    load: (
      source: LinkSource,
      facts: FactsOf<T>,
      call: Call,
    ) => Promise<Readonly<{ to: Mailbox; template: Template }>>
  }>

/** The address of a page of a workspace. Whoever opens it is taken to that workspace, if they belong to it. */
const pageUrl = ({ publicUrl }: Site, { ws }: Pick<NoticeOf<MemberTemplate>, 'ws'>, path: string): string =>
  `${publicUrl}/${path}?workspace=${ws}`

/** What a mail has whose reader can choose to get none: links to their preference, and a list for the workspace. */
const listContent = (
  { facts }: NoticeOf<LoopTemplate | TaskTemplate | MentionTemplate>,
  { delivery: { ws, user_id }, to }: Reader,
  site: Site,
) => {
  const token = unsubscribeToken(site.unsubscribeKey, { workspace_id: ws, user_id: user_id ?? '' })
  const unsubscribe_url = `${site.publicUrl}/u/${token}`
  return {
    parts: { name: to.name, preferences_url: unsubscribe_url, unsubscribe_url },
    list: {
      id: `${ws.toLowerCase()}.loops.${domainOf(site.sender)}`,
      name: headerName(facts.workspace_name),
      unsubscribe_url,
    },
  }
}

/** What every mail about a loop has besides: a thread for the loop. */
const loopContent = (notice: NoticeOf<LoopTemplate>, reader: Reader, site: Site) => {
  const { parts, list } = listContent(notice, reader, site)
  return {
    // With the event, the page knows which loop to offer to mute.
    parts: { ...parts, preferences_url: `${parts.unsubscribe_url}?mail=${notice._id}` },
    thread: `<loop.${notice.facts.loop_id}@${domainOf(site.sender)}>`,
    list,
  }
}

const shippedContent = (notice: NoticeOf<'loop-shipped'>, reader: Reader, site: Site): LoopContent => {
  const { facts } = notice
  const { delivery, writeTime } = reader
  const isShipper = delivery.user_id === facts.by.user_id
  const { parts, ...headers } = loopContent(notice, reader, site)
  const pages = {
    loop: pageUrl(site, notice, `loops/${facts.loop_id}`),
    task: (task_id: string) => pageUrl(site, notice, `tasks/${task_id}`),
  }
  return {
    template: () => loopShipped(facts, wordingOf(delivery.locale), { pages, isShipper }),
    version: isShipper ? 'shipper' : 'others',
    parts: { ...parts, shipped_at: writeTime(new Date(facts.shipped_at)) },
    ...headers,
  }
}

const heldContent = (notice: NoticeOf<'task-held'>, reader: Reader, site: Site): LoopContent => ({
  template: () =>
    taskHeld(
      notice.facts,
      wordingOf(reader.delivery.locale),
      pageUrl(site, notice, `tasks/${notice.facts.task_id}`),
    ),
  ...listContent(notice, reader, site),
  thread: `<task.${notice.facts.task_id}@${domainOf(site.sender)}>`,
})

const mentionContent = (notice: NoticeOf<'mention'>, reader: Reader, site: Site): LoopContent => {
  const { comment_id, on } = notice.facts
  const [kind, id] = on.task_id === null ? (['loop', on.loop_id] as const) : (['task', on.task_id] as const)
  const comment = `&comment=${comment_id}#comment-${comment_id}`
  const page = { on: kind, url: `${pageUrl(site, notice, `${kind}s/${id}`)}${comment}` }
  const { parts, list } = listContent(notice, reader, site)
  // A list of its own: whoever wants no more of these mails may still want the others.
  const unsubscribe_url = `${parts.unsubscribe_url}?list=mentions`
  return {
    template: () => mention(notice.facts, wordingOf(reader.delivery.locale), page),
    version: 'mentioned',
    parts: { ...parts, unsubscribe_url },
    thread: `<${kind}.${id}@${domainOf(site.sender)}>`,
    list: { ...list, id: `mentions.${list.id}`, unsubscribe_url },
  }
}

const disabledContent = (
  notice: NoticeOf<'webhook-disabled'>,
  { delivery: { locale }, to, writeTime }: Reader,
  site: Site,
): Content => {
  const { at, facts } = notice
  const shown = {
    ...facts,
    name: to.name,
    failing_since: writeTime(new Date(facts.failing_since ?? at)),
    webhooks_url: pageUrl(site, notice, `workspace/${webhooks.panel?.path ?? ''}`),
  }
  return { template: () => webhookDisabled(shown, wordingOf(locale)) }
}

/** What the gateway says about every mail with a link, besides what the mail shows. */
type Answer = Readonly<{
  email: string
  name?: string
  expires_at: string
  locale: string
  time_zone: string
  facts?: Readonly<Record<string, string>> | undefined
}>

const linkMail = <T extends LinkTemplate, Shown>(
  mail: Readonly<{
    title: string
    awaited: boolean
    shown_to: ShownTo
    ask: (source: LinkSource, facts: FactsOf<T>, call: Call) => Promise<Answer & Shown>
    /** Its `expires_at`, and `at` of its facts, are written out for the reader. */
    write: (shown: Shown, wording: Wording) => Template
  }>,
): LinkMail<T> => ({
  audience: 'link',
  awaited: mail.awaited,
  title: () => mail.title,
  shown_to: mail.shown_to,
  load: (source, facts, call) =>
    mail.ask(source, facts, call).then((answer) => {
      const { name = '', email, locale, time_zone } = answer
      const writeTime = timeWriter(locale, time_zone)
      const expires_at = writeTime(new Date(answer.expires_at))
      const at = answer.facts?.at
      const facts = at === undefined ? {} : { facts: { ...answer.facts, at: writeTime(new Date(at)) } }
      return {
        to: { name, address: email },
        template: mail.write({ ...answer, expires_at, ...facts }, wordingOf(locale)),
      }
    }),
})

/** A mail to the address of an account about something that happened to it. */
const accountMail = <T extends AccountTemplate>(
  title: string,
  write: (shown: AccountNotice, wording: Wording) => Template,
  awaited = false,
): LinkMail<T> =>
  linkMail<T, AccountNotice>({
    title,
    awaited,
    shown_to: 'nobody',
    ask: (source, facts, call) => source.get_account_mail(facts, call),
    write,
  })

type MailOf<T extends TemplateName> =
  | (T extends LoopTemplate ? LoopMail<T> : never)
  | (T extends TaskTemplate ? TaskMail<T> : never)
  | (T extends MentionTemplate ? MentionMail<T> : never)
  | (T extends OwnerTemplate ? OwnerMail<T> : never)
  | (T extends LinkTemplate ? LinkMail<T> : never)

/** Every mail by its template. */
export const MAILS: { readonly [T in TemplateName]: MailOf<T> } = {
  'loop-shipped': {
    audience: 'readers',
    awaited: false,
    title: (about) => `Shipped: ${about?.loop_name ?? ''}`,
    write: shippedContent,
  },
  'webhook-disabled': {
    audience: 'owners',
    awaited: false,
    title: () => 'Webhook disabled',
    write: disabledContent,
  },
  'task-held': {
    audience: 'approver',
    awaited: false,
    title: () => 'Task on hold',
    write: heldContent,
  },
  mention: {
    audience: 'mentioned',
    awaited: false,
    title: () => 'Mention',
    write: mentionContent,
  },
  invitation: linkMail({
    title: 'Invitation',
    awaited: true,
    shown_to: 'managers',
    ask: (source, facts, call) => source.get_invitation(facts, call),
    write: invitation,
  }),
  'password-reset': linkMail({
    title: 'New password',
    awaited: true,
    shown_to: 'nobody',
    ask: (source, facts, call) => source.get_password_reset(facts, call),
    write: passwordReset,
  }),
  confirmation: linkMail({
    title: 'Confirmation of an address',
    awaited: true,
    shown_to: 'nobody',
    ask: (source, facts, call) => source.get_account_mail(facts, call),
    write: confirmation,
  }),
  'failed-sign-ins': linkMail({
    title: 'Failed sign-ins',
    awaited: false,
    shown_to: 'nobody',
    ask: (source, facts, call) => source.get_account_mail(facts, call),
    write: failedSignIns,
  }),
  'password-changed': accountMail('Password changed', passwordChanged),
  'second-factor-changed': accountMail('Second factor changed', secondFactorChanged),
  'app-connected': accountMail('App connected', appConnected),
  'new-address': accountMail('Confirmation of a new address', newAddress, true),
  'address-changed': accountMail('Address changed', addressChanged),
  'provider-changed': accountMail('Single sign-on changed', providerChanged),
  'provider-link': accountMail('Link that connects a provider', providerLink, true),
  'token-expiring': accountMail('Token expires soon', tokenExpiring),
  'new-browser': accountMail('Sign-in from a new browser', newBrowser),
  'account-deleted': accountMail('Account deleted', accountDeleted),
  'workspace-deleted': accountMail('Workspace deleted', workspaceDeleted),
}
