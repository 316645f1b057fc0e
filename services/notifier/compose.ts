// Makes the mail of a delivery: loads its facts, renders them, and fills in what differs by recipient. Knows no SMTP.
import { LRUCache } from 'lru-cache'
import { ownCall } from '../../shared/bus/headers.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { languageOf } from '../../shared/contracts/define/language.ts'
import { toAddress } from '../../shared/net/email-address.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { domainOf, type Mailbox } from './addresses.ts'
import type { Deliveries } from './delivery-store.ts'
import { fill, type Rendered, render } from './emails/render.ts'
import type { Template } from './emails/template.ts'
import { headerName, timeWriter, type WriteTime } from './emails/text.ts'
import type { Mail } from './mailer.ts'
import { type LinkMail, type LinkSource, MAILS, type MemberMail, type Site } from './mails.ts'
import type { Delivery, LinkTemplate, MemberTemplate, Notice, NoticeOf } from './notice-rules.ts'

/** The mail, or why there is none to send any more. */
export type Composed = Readonly<{ mail: Mail } | { suppressed: string } | { failed: string }>

export type ComposeDeps = Site &
  Readonly<{
    deliveries: Pick<Deliveries, 'findNotice'>
    gateway: LinkSource
    clock: Clock
    ids: Ids
  }>

/** Notices and rendered mails kept in memory; a rendered one is some tens of kilobytes. */
const KEPT_NOTICES = 64
const KEPT_MAILS = 64
/** Time writers kept: one for each locale and time zone that readers have. */
const KEPT_WRITERS = 256

/** The headers of a mail that follow from its delivery alone. */
const envelopeOf = ({ sender }: Site, delivery: Delivery, notice: Notice, to: Mailbox) => ({
  // The delivery's id, so that every try has the same; a colon would have to be quoted (RFC 5322 §3.6.4).
  message_id: `<${delivery.template}.${delivery._id.replace(':', '.')}@${domainOf(sender)}>`,
  date: notice.at,
  from: sender,
  to: { name: headerName(to.name), address: to.address },
})

/** What is kept from one mail to the next. */
type Kept = Readonly<{
  renderOnce: (key: string, template: () => Template) => Promise<Rendered>
  writeTimeOf: (delivery: Delivery) => WriteTime
}>

const composeForMember = async (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: NoticeOf<MemberTemplate>,
  kept: Kept,
): Promise<Composed> => {
  const { to, event_id, locale } = delivery
  if (to === null) return { failed: 'no recipient' }
  const { write } = MAILS[notice.template] as MemberMail<MemberTemplate>
  const writeTime = kept.writeTimeOf(delivery)
  const { template, version, parts = {}, ...headers } = write(notice, { delivery, to, writeTime }, deps)
  const rendered = await (version === undefined
    ? render(template())
    : kept.renderOnce(`${event_id} ${languageOf(locale)} ${version}`, template))
  const { language } = rendered
  return {
    mail: { ...envelopeOf(deps, delivery, notice, to), ...fill(rendered, parts), language, ...headers },
  }
}

const isLinkNotice = (notice: Notice): notice is NoticeOf<LinkTemplate> =>
  MAILS[notice.template].audience === 'link'

const composeWithLink = async (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: NoticeOf<LinkTemplate>,
): Promise<Composed> => {
  const { load } = MAILS[notice.template] as LinkMail<LinkTemplate>
  try {
    const call = ownCall(deps.clock, deps.ids.next())
    const { to, template } = await load(deps.gateway, notice.facts, call)
    const address = toAddress(to.address)
    if (address === undefined) return { failed: 'not an address' }
    return {
      mail: {
        ...envelopeOf(deps, delivery, notice, { name: to.name, address }),
        ...fill(await render(template), {}),
        language: template.language,
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
 * @throws (that function) when what the mail says cannot be loaded now.
 */
export const createComposer = (deps: ComposeDeps): ((delivery: Delivery) => Promise<Composed>) => {
  const notices = new LRUCache<string, Notice, string>({
    max: KEPT_NOTICES,
    fetchMethod: async (event_id, _stale, { context: ws }) => {
      const notice = await deps.deliveries.findNotice(ws, event_id)
      if (!notice) throw new Error(`The notice ${event_id} is gone.`)
      return notice
    },
  })
  const rendered = new LRUCache<string, Rendered, () => Template>({
    max: KEPT_MAILS,
    fetchMethod: (_key, _stale, { context: template }) => render(template()),
  })
  const writers = new LRUCache<string, WriteTime, Delivery>({
    max: KEPT_WRITERS,
    memoMethod: (_key, _stale, { context: { locale, time_zone } }) => timeWriter(locale, time_zone),
  })
  const kept: Kept = {
    renderOnce: (key, template) => rendered.forceFetch(key, { context: template }),
    writeTimeOf: (delivery) =>
      writers.memo(`${delivery.locale} ${delivery.time_zone}`, { context: delivery }),
  }
  return async (delivery) => {
    const notice = await notices.forceFetch(delivery.event_id, { context: delivery.ws })
    return isLinkNotice(notice)
      ? composeWithLink(deps, delivery, notice)
      : composeForMember(deps, delivery, notice, kept)
  }
}
