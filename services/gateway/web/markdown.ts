// What people and agents wrote in Markdown, as HTML that can do nothing but be read. Pure.
import { raw } from 'hono/html'
import markdownIt from 'markdown-it'
import type { Mention } from '../../../shared/search/mention-rules.ts'

type Html = ReturnType<typeof raw>

/** Longest text that is rendered (characters): `LIMITS.body_bytes` of ASCII. A longer one is shown as it is. */
const MAX_CHARS = 64 * 1024
/** Most nested quotes and lists. */
const MAX_NESTING = 20

/** Marks around a mention on its way through the renderer: characters that mean nothing, taken out of what people write. */
const [BEGIN, END] = ['\uE000', '\uE001']
const ANY_MARK = /[\uE000\uE001]/gu
const MARKED = /\uE000([^\uE000\uE001]*)\uE001/g

/** HTML in the text is shown, not obeyed. Addresses become links, never those of scripts. */
const renderer = () => {
  const markdown = markdownIt({ html: false, linkify: true, maxNesting: MAX_NESTING })
  const { rules } = markdown.renderer
  rules.link_open = (tokens, index, options, _env, self) => {
    tokens[index]?.attrSet('rel', 'noopener nofollow ugc')
    return self.renderToken(tokens, index, options)
  }
  // A picture would have every reader's browser ask a stranger's server for it: it is a link instead.
  rules.image = (tokens, index) => {
    const { escapeHtml } = markdown.utils
    const src = String(tokens[index]?.attrGet('src') ?? '')
    const label = tokens[index]?.content || src
    return `<a href="${escapeHtml(src)}" rel="noopener nofollow ugc">${escapeHtml(label)}</a>`
  }
  // Only in text: not in an attribute, nor over the end of an emphasis.
  rules.text = (tokens, index) =>
    markdown.utils.escapeHtml(tokens[index]?.content ?? '').replace(MARKED, '<span class="mention">$1</span>')
  markdown.core.ruler.push('headings', ({ tokens }) => lowerHeadings(tokens))
  return markdown
}

/** Puts the headings of a text below those of its page (h2), without leaving out a level. */
const lowerHeadings = (tokens: readonly Readonly<{ type: string; tag: string }>[]): void => {
  const headings = tokens.filter(({ type }) => type === 'heading_open' || type === 'heading_close') as {
    tag: string
  }[]
  const levels = [...new Set(headings.map(({ tag }) => tag))].toSorted()
  let last = 2
  for (const [n, heading] of headings.entries()) {
    // An end has the level of its beginning.
    if (n % 2 === 0) last = Math.min(6, last + 1, levels.indexOf(heading.tag) + 3)
    heading.tag = `h${last}`
  }
}

const MARKDOWN = renderer()

/** A text with marks around its mentions. */
const marked = (text: string, mentions: readonly Mention[]): string => {
  const parts: string[] = []
  let from = 0
  for (const { start, end } of mentions) {
    parts.push(text.slice(from, start), BEGIN, text.slice(start, end), END)
    from = end
  }
  return [...parts, text.slice(from)].join('')
}

/**
 * A text in Markdown (CommonMark with tables, strikethrough and bare addresses).
 * @param mentions of members, as `findMentions` found them in this text.
 */
export const markdown = (text: string, mentions: readonly Mention[] = []): Html => {
  if (text.length > MAX_CHARS) return raw(`<pre>${MARKDOWN.utils.escapeHtml(text)}</pre>`)
  // Marks that somebody wrote would end up between ours.
  const safe = text.search(ANY_MARK) >= 0 ? text.replace(ANY_MARK, '') : marked(text, mentions)
  return raw(`<div class="markdown" dir="auto">${MARKDOWN.render(safe).replace(ANY_MARK, '')}</div>`)
}
