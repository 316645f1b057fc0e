// The mail that tells of a shipped loop: subject, MJML and a text part of its own with the same facts. Pure.
import type * as z from 'zod'
import type { loopsQueue } from '../../../shared/contracts/loops-queue.ts'
import { block, button, COLOURS, type Draft, layout } from './layout.ts'
import { counted, cut, escapeHtml, oneLine } from './text.ts'

/** What the mail tells: the event, and the workspace that it happened in. */
export type LoopShipped = Readonly<
  z.output<(typeof loopsQueue.events)['loop.shipped']['data']> & { workspace_name: string }
>

/** What differs from one recipient to the next. Values are plain text. */
export type LoopShippedParts = Readonly<{
  name: string
  /** When it was shipped, in the recipient's own words and time zone. */
  shipped_at: string
  unsubscribe_url: string
}>

/** Tasks listed of each kind; the rest are counted. Mail programs clip long mails. */
const TASKS_SHOWN = 20
const SUBJECT_CHARS = 78
const EXCERPT_CHARS = 320

type Line = LoopShipped['shipped_tasks'][number]

const STATUS_WORDS: Readonly<Record<Line['status'], string>> = {
  open: 'open',
  approved: 'approved',
  in_progress: 'in progress',
  on_hold: 'on hold',
  shipped: 'shipped',
  rejected: 'rejected',
}

/** The event's texts, tidied once for both parts. */
const told = (loop: LoopShipped) => {
  const client = oneLine(loop.by.client)
  const shipped = loop.shipped_tasks.slice(0, TASKS_SHOWN)
  const unfinished = loop.unfinished_tasks.slice(0, TASKS_SHOWN)
  return {
    name: oneLine(loop.name),
    workspace: oneLine(loop.workspace_name),
    by: oneLine(loop.by.name),
    through: client === '' ? '' : ` through ${client}`,
    excerpt: cut(oneLine(loop.description), EXCERPT_CHARS),
    shipped,
    moreShipped: Math.max(0, loop.task_counts.shipped - shipped.length),
    unfinished,
    moreUnfinished: Math.max(0, loop.unfinished_total - unfinished.length),
    summary: `${counted(loop.task_counts.shipped, 'task', 'tasks')} shipped, ${
      loop.unfinished_total === 0
        ? 'nothing left unfinished'
        : `${loop.unfinished_total.toLocaleString('en')} unfinished`
    }`,
    why: loop.visibility === 'private' ? 'are a member of this loop' : 'are a member of this workspace',
  }
}

const user = (text: string): string => `<bdi>${escapeHtml(text)}</bdi>`

const ROW = 'margin:0;padding:5px 0 5px 28px'
const HEADING = `margin:26px 0 6px;font-size:16px;line-height:1.4;font-weight:700;color:${COLOURS.text}`

const doneRow = ({ title }: Line): string =>
  `<li style="${ROW}"><span class="done" style="float:left;width:28px;margin-left:-28px;color:${COLOURS.accent};font-weight:700">✓</span>${user(oneLine(title))}</li>`

const unfinishedRow = ({ title, status }: Line): string =>
  `<li style="${ROW}"><span class="muted" style="float:left;width:28px;margin-left:-28px;color:${COLOURS.muted}">○</span>${user(oneLine(title))} <span class="tag" style="display:inline-block;padding:0 8px;border-radius:9px;background-color:${COLOURS.accent_soft};color:${COLOURS.muted};font-size:13px;line-height:20px">${STATUS_WORDS[status]}</span></li>`

const list = (heading: string, rows: readonly string[], more: number, url: string): string =>
  rows.length === 0
    ? ''
    : block(
        `<h2 style="${HEADING}">${heading}</h2><ul style="margin:0;padding:0;list-style:none">${rows.join('')}</ul>${
          more === 0
            ? ''
            : `<p class="muted" style="margin:4px 0 0 28px;color:${COLOURS.muted}">and <a href="${escapeHtml(url)}" target="_blank" style="color:${COLOURS.accent}">${more.toLocaleString('en')} more in the workspace</a></p>`
        }`,
      )

/**
 * The mail of a shipped loop, the same for everybody but for its slots `name`, `shipped_at` and `unsubscribe_url`.
 * @param url of the workspace.
 */
export const loopShipped = (loop: LoopShipped, url: string): Draft => {
  const {
    name,
    workspace,
    by,
    through,
    excerpt,
    shipped,
    moreShipped,
    unfinished,
    moreUnfinished,
    summary,
    why,
  } = told(loop)
  const quote =
    excerpt === ''
      ? ''
      : block(
          `<p class="quote muted" dir="auto" style="margin:16px 0 0;padding:2px 14px;border-left:3px solid ${COLOURS.line};color:${COLOURS.muted}">${escapeHtml(excerpt)}</p>`,
        )
  const card = [
    block(
      `<p class="done" style="margin:0;font-size:13px;font-weight:700;letter-spacing:.06em;color:${COLOURS.accent}">SHIPPED</p><h1 dir="auto" style="margin:4px 0 14px;font-size:24px;line-height:1.3;font-weight:700;color:${COLOURS.text}">${escapeHtml(name)}</h1>`,
    ),
    block(
      `Hi <bdi>{{name}}</bdi>, ${user(by)} shipped this loop on {{shipped_at}}${escapeHtml(through)}: ${summary}.`,
    ),
    quote,
    list('Shipped', shipped.map(doneRow), moreShipped, url),
    list('Not finished', unfinished.map(unfinishedRow), moreUnfinished, url),
    button('Open the workspace', escapeHtml(url)),
  ].join('')
  return {
    subject: cut(`Shipped: ${name}`, SUBJECT_CHARS),
    mjml: layout({
      title: `Shipped: ${name}`,
      preview: `${by}${through}: ${summary}`,
      workspace,
      card,
      footer: `You get this mail because you ${why}. <a href="{{unsubscribe_url}}" target="_blank" style="color:${COLOURS.muted}">Stop the mails of this workspace</a>`,
    }),
  }
}

const textList = (heading: string, rows: readonly string[], more: number): string[] =>
  rows.length === 0
    ? []
    : [
        `${heading}:`,
        ...rows,
        ...(more === 0 ? [] : [`  and ${more.toLocaleString('en')} more in the workspace`]),
        '',
      ]

/** The text part: the same facts and links. */
export const loopShippedText = (loop: LoopShipped, url: string, parts: LoopShippedParts): string => {
  const {
    name,
    workspace,
    by,
    through,
    excerpt,
    shipped,
    moreShipped,
    unfinished,
    moreUnfinished,
    summary,
    why,
  } = told(loop)
  return [
    `${workspace}: ${name} is shipped`,
    '',
    `Hi ${oneLine(parts.name)}, ${by} shipped this loop on ${parts.shipped_at}${through}: ${summary}.`,
    '',
    ...(excerpt === '' ? [] : [`> ${excerpt}`, '']),
    ...textList(
      'Shipped',
      shipped.map(({ title }) => `  [x] ${oneLine(title)}`),
      moreShipped,
    ),
    ...textList(
      'Not finished',
      unfinished.map(({ title, status }) => `  [ ] ${oneLine(title)} (${STATUS_WORDS[status]})`),
      moreUnfinished,
    ),
    `Open the workspace: ${url}`,
    '',
    '-- ',
    `You get this mail because you ${why}.`,
    `Stop the mails of this workspace: ${parts.unsubscribe_url}`,
    '',
  ].join('\n')
}
