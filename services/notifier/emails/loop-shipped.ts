// The mail about a shipped loop. Pure.

import type * as z from 'zod'
import { STATUS_WORDS } from '../../../shared/contracts/define/status-words.ts'
import type { loopsQueue } from '../../../shared/contracts/loops-queue/contract.ts'
import type { Block, Item, Line, Template } from './template.ts'
import { cut, oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says: the event's data, and the name of its workspace. */
export type LoopShipped = Readonly<
  z.output<(typeof loopsQueue.events)['loop.shipped']['data']> & { workspace_name: string }
>

/** Tasks listed; the rest are counted. Mail programs clip long mails, and nobody reads them. */
const TASKS_SHOWN = 20
/** Of these, places kept for unfinished tasks: what is missing is news too. */
const UNFINISHED_SHOWN = 5
const EXCERPT_CHARS = 320

type Task = LoopShipped['shipped_tasks'][number]

/** The tasks that are listed, twenty in all. */
const listed = ({ shipped_tasks, unfinished_tasks }: LoopShipped) => {
  const free = TASKS_SHOWN - Math.min(shipped_tasks.length, TASKS_SHOWN)
  const unfinished = unfinished_tasks.slice(0, Math.max(UNFINISHED_SHOWN, free))
  return { shipped: shipped_tasks.slice(0, TASKS_SHOWN - unfinished.length), unfinished }
}

const summary = ({ task_counts, unfinished_total }: LoopShipped, wording: Wording): string => {
  const left =
    unfinished_total === 0 ? wording.word('nothing_left') : wording.plural('tasks_left', unfinished_total)
  return wording
    .say('summary', { shipped: wording.plural('tasks_shipped', task_counts.shipped), left })
    .join('')
}

const list = (
  wording: Wording,
  url: string,
  shown: Readonly<{ heading: string; mark: '✓' | '○'; items: readonly Item[]; total: number }>,
): Block[] => {
  const { heading, mark, items, total } = shown
  const more = Math.max(0, total - items.length)
  if (items.length === 0) return []
  return [
    {
      kind: 'list',
      heading,
      mark,
      items,
      ...(more === 0 ? {} : { more: { label: wording.plural('more', more), url } }),
    },
  ]
}

/** The pages that the mail links to. */
export type ShippedPages = Readonly<{ loop: string; task: (task_id: string) => string }>

const lists = (loop: LoopShipped, wording: Wording, pages: ShippedPages): Block[] => {
  const { shipped, unfinished } = listed(loop)
  const statuses = STATUS_WORDS[wording.language]
  const item = ({ title, task_id }: Task) => ({ title: oneLine(title), url: pages.task(task_id) })
  return [
    ...list(wording, pages.loop, {
      heading: wording.word('list_shipped'),
      mark: '✓',
      items: shipped.map(item),
      total: loop.task_counts.shipped,
    }),
    ...list(wording, pages.loop, {
      heading: wording.word('list_left'),
      mark: '○',
      items: unfinished.map((task) => ({ ...item(task), status: statuses[task.status] })),
      total: loop.unfinished_total,
    }),
  ]
}

/** Who shipped the loop, when, and with which app if with any. */
const shippedBy = ({ by }: LoopShipped, wording: Wording, isShipper: boolean): Line => {
  const name = { slot: 'name' } as const
  const when = { slot: 'shipped_at' } as const
  const client = oneLine(by.client)
  const shipper = { user: oneLine(by.name) }
  if (isShipper)
    return client === ''
      ? wording.say('shipped_by_you', { name, when })
      : wording.say('shipped_by_you_with', { name, when, client: { user: client } })
  return client === ''
    ? wording.say('shipped_by', { name, by: shipper, when })
    : wording.say('shipped_by_with', { name, by: shipper, when, client: { user: client } })
}

/**
 * The mail of a shipped loop: the same for all readers of one language but for its slots, and for whoever shipped it.
 * @param shown the pages that it links to, and whether this is for the one who shipped the loop.
 */
export const loopShipped = (
  loop: LoopShipped,
  wording: Wording,
  { pages, isShipper }: Readonly<{ pages: ShippedPages; isShipper: boolean }>,
): Template => {
  const { language } = wording
  const name = oneLine(loop.name)
  const excerpt = cut(oneLine(loop.description), EXCERPT_CHARS)
  const counts = summary(loop, wording)
  const by = { user: oneLine(loop.by.name) }
  return {
    language,
    subject: wording.subject('shipped_subject', { loop: name }),
    preview: isShipper ? [counts] : wording.say('shipped_preview', { by, summary: counts }),
    workspace: oneLine(loop.workspace_name),
    blocks: [
      { kind: 'heading', label: wording.word('shipped_label'), mark: '✓', line: [{ user: name }] },
      { kind: 'paragraph', line: shippedBy(loop, wording, isShipper) },
      { kind: 'paragraph', line: [counts], strong: true },
      ...(excerpt === '' ? [] : [{ kind: 'quote', text: excerpt } as const]),
      ...lists(loop, wording, pages),
    ],
    button: { link: { label: wording.word('open_loop'), url: pages.loop } },
    footer: {
      line: [wording.word(loop.visibility === 'private' ? 'why_loop' : 'why_workspace')],
      links: [
        { label: wording.word('choose_mails'), url: { slot: 'preferences_url' } },
        { label: wording.word('unsubscribe'), url: { slot: 'unsubscribe_url' } },
      ],
    },
  }
}
