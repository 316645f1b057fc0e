// The mail about a comment that mentions its reader. Pure.
import type { Line, Template } from './template.ts'
import { cut, oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says. */
export type Mention = Readonly<{
  /** Of the task or loop that the comment is on. */
  title: string
  /** The beginning of the comment. */
  excerpt: string
  /** Who wrote it, and with which app if with any. */
  by: Readonly<{ name: string; client: string }>
  workspace_name: string
}>

/** Characters of a comment that its mail shows. */
export const EXCERPT_CHARS = 320

/** Who wrote the comment, and with what. */
const mentionedBy = ({ by }: Mention, wording: Wording, on: 'task' | 'loop'): Line => {
  const places = { name: { slot: 'name' }, by: { user: oneLine(by.name) } } as const
  const client = { user: oneLine(by.client) }
  return client.user === ''
    ? wording.say(`mention_${on}`, places)
    : wording.say(`mention_${on}_with`, { ...places, client })
}

/** The mail. @param page what the comment is on, and its address there. */
export const mention = (
  facts: Mention,
  wording: Wording,
  page: Readonly<{ on: 'task' | 'loop'; url: string }>,
): Template => {
  const title = oneLine(facts.title)
  const excerpt = cut(oneLine(facts.excerpt), EXCERPT_CHARS)
  return {
    language: wording.language,
    subject: wording.subject('mention_subject', { by: oneLine(facts.by.name), title }),
    preview: [{ user: excerpt }],
    workspace: oneLine(facts.workspace_name),
    blocks: [
      { kind: 'heading', label: wording.word('mention_label'), line: [{ user: title }] },
      { kind: 'paragraph', line: mentionedBy(facts, wording, page.on) },
      { kind: 'quote', text: excerpt },
    ],
    button: { link: { label: wording.word(`open_${page.on}`), url: page.url } },
    footer: {
      line: [wording.word('why_mentioned')],
      links: [
        { label: wording.word('choose_mails'), url: { slot: 'preferences_url' } },
        { label: wording.word('unsubscribe_mentions'), url: { slot: 'unsubscribe_url' } },
      ],
    },
  }
}
