// The ship mail as the caller would get it if they shipped the loop now. Nothing is kept or sent.
import type * as z from 'zod'
import type { Caller, Handlers } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import type { notifier } from '../../shared/contracts/notifier/contract.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { requireCaller } from './delivery-view.ts'
import { fill, render } from './emails/render.ts'
import { timeWriter } from './emails/text.ts'
import { MAILS, type Site } from './mails.ts'
import { type FactsOf, noticeOf } from './notice-rules.ts'

export type PreviewDeps = Readonly<{ site: Site; clock: Clock; ids: Ids }>

type Asked = z.output<(typeof notifier.operations)['preview_ship_mail']['input']>
type Line = Asked['summary']['shipped'][number]

/** The version of a loop that nobody reads in a mail. */
const NO_VERSION = 1
/** Whom the mail is addressed to: it goes nowhere. */
const NO_ADDRESS = 'preview@loops.invalid'

const toLine = ({ id: task_id, title, status }: Line) => ({ task_id, title, status })

/** What the mail would say: as the event of the loop would, if the caller shipped it at `now`. */
const factsOf = (
  { loop, summary, workspace_name }: Asked,
  caller: Caller,
  now: Date,
): FactsOf<'loop-shipped'> => ({
  loop_id: loop.id,
  name: loop.name,
  description: loop.description,
  visibility: loop.visibility,
  status: 'shipped',
  version: NO_VERSION,
  by: actorOf(caller),
  shipped_at: now.toISOString(),
  member_ids: [caller.user_id],
  task_counts: summary.counts,
  shipped_tasks: summary.shipped.map(toLine),
  unfinished_tasks: summary.unfinished.map(toLine),
  unfinished_total: summary.unfinished_total,
  people_ids: [caller.user_id],
  workspace_name,
})

/** The handler of preview_ship_mail. */
export const previewHandlers = ({
  site,
  clock,
  ids,
}: PreviewDeps): Pick<Handlers<typeof notifier>, 'preview_ship_mail'> => ({
  preview_ship_mail: async (asked, call) => {
    const caller = requireCaller(call.caller)
    const { locale, time_zone } = asked
    const now = clock.now()
    const event = { id: ids.next(), time: now.toISOString(), workspaceid: caller.workspace_id }
    const notice = noticeOf('loop-shipped', event, factsOf(asked, caller, now))
    const reader = {
      delivery: { ws: caller.workspace_id, user_id: caller.user_id, locale },
      to: { name: caller.user_name, address: NO_ADDRESS },
      writeTime: timeWriter(locale, time_zone),
    }
    const { template, parts = {} } = MAILS['loop-shipped'].write(notice, reader, site)
    const rendered = await render(template())
    return { ...fill(rendered, parts), language: rendered.language }
  },
})
