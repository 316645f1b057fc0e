// Finds words that a page says of itself instead of from its messages. Pure.
import { type Node, parseSource, walk } from './architecture/source.ts'

/** Members of objects that people read, and attributes that are read out to them. */
const SAID_MEMBERS = new Set(['title', 'label', 'hint'])
const SAID_ATTRIBUTE = /\b(?:aria-label|placeholder|title|alt)="([^"]*)"/g

/** The same in every language: the name of the product, and what is typed into a program or pressed. */
const NO_WORDS = /<(code|kbd)\b[^>]*>[^<]*<\/\1>|\bLoops\b|&\w+;/g
/** A template that is put inside a tag. */
const ATTRIBUTES = /^\s*([a-z]+(-[a-z]+)+|[a-z-]+="[^"]*")(\s+([a-z-]+(="[^"]*")?|…))*\s*$/
const PLACE = '…'
const LETTERS = /\p{L}{2,}/u

/** A template as the text that it makes, each place as one character. */
const textOf = (template: Node): string =>
  (template.quasi as unknown as { quasis: readonly { value: { cooked: string } }[] }).quasis
    .map(({ value }) => value.cooked)
    .join(PLACE)

/** What a piece of HTML says: its attributes for people, and what is left without its tags. */
const saidIn = (markup: string): string[] => {
  const bare = markup.replace(NO_WORDS, '')
  const attributes = [...bare.matchAll(SAID_ATTRIBUTE)].map(([, text = '']) => text)
  const texts = ATTRIBUTES.test(bare) ? [] : bare.split(/<[^>]*>/)
  return [...attributes, ...texts]
}

const stringOf = ({ type, value }: Node): string =>
  type === 'Literal' && typeof value === 'string' ? value : ''

/** Errors speak English, unless they are translated (translated-errors.ts). */
const isError = ({ type, callee }: Node): boolean =>
  type === 'NewExpression' && (callee as { name?: string }).name === 'AppError'

/** The words in the templates and labels of a file that are in none of its messages. */
export const literalsOf = (path: string, text: string): string[] => {
  const nodes = [...walk(parseSource(path, text).program, (node) => !isError(node))]
  const templates = nodes
    .filter(
      ({ type, tag }) => type === 'TaggedTemplateExpression' && (tag as { name?: string }).name === 'html',
    )
    .flatMap((node) => saidIn(textOf(node)))
  const members = nodes
    .filter(({ type, key }) => type === 'Property' && SAID_MEMBERS.has((key as { name?: string }).name ?? ''))
    .map(({ value }) => stringOf(value as Node))
  return [...templates, ...members]
    .filter((said) => LETTERS.test(said))
    .map((said) => said.replace(/\s+/g, ' ').trim())
}
