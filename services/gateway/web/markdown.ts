// What people and agents wrote in Markdown, as HTML that can do nothing but be read. Pure.
import { raw } from 'hono/html'
import markdownIt from 'markdown-it'

type Html = ReturnType<typeof raw>

/** Longest text that is rendered (characters): `LIMITS.body_bytes` of ASCII. A longer one is shown as it is. */
const MAX_CHARS = 64 * 1024
/** Most nested quotes and lists. */
const MAX_NESTING = 20

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
  // A heading of a text is below those of its page.
  rules.heading_open = (tokens, index, options, _env, self) => lowered(tokens, index, options, self)
  rules.heading_close = (tokens, index, options, _env, self) => lowered(tokens, index, options, self)
  return markdown
}

type Rule = NonNullable<ReturnType<typeof markdownIt>['renderer']['rules']['text']>

const lowered = (
  tokens: Parameters<Rule>[0],
  index: number,
  options: Parameters<Rule>[2],
  self: Parameters<Rule>[4],
): string => {
  const token = tokens[index]
  if (token) token.tag = `h${Math.min(6, Number(token.tag.slice(1)) + 2)}`
  return self.renderToken(tokens, index, options)
}

const MARKDOWN = renderer()

/** A text in Markdown (CommonMark with tables, strikethrough and bare addresses). */
export const markdown = (text: string): Html =>
  text.length > MAX_CHARS
    ? raw(`<pre>${MARKDOWN.utils.escapeHtml(text)}</pre>`)
    : raw(`<div class="markdown" dir="auto">${MARKDOWN.render(text)}</div>`)
