// Who wrote a comment before it was imported, as its first line. Pure.
//
// A comment belongs to the person who imported it, so nobody can be made to say something. An export takes the line off
// again, so that a comment keeps its author over any number of moves.
import type { ParsedComment } from './shape-rules.ts'

/** By this name of the client an imported comment is known. */
export const IMPORT_CLIENT = 'Import'

const LINE = /^\*Written(?: by (?<author>[^\n*]+?))?(?: on (?<at>[^\n*]+?))?:\*\n\n/

const oneLine = (text: string): string => text.replaceAll(/[\s*]+/g, ' ').trim()

/** A comment with its author and its time at its beginning. */
export const attributed = ({ author = '', at = '', text }: ParsedComment): string => {
  const [by, on] = [oneLine(author).replaceAll(/ on /g, ' '), oneLine(at)]
  if (by === '' && on === '') return text
  return `*Written${by ? ` by ${by}` : ''}${on ? ` on ${on}` : ''}:*\n\n${text}`
}

/** An imported comment as it was before; undefined when it says nothing of that. */
export const attribution = (text: string): Pick<ParsedComment, 'author' | 'at' | 'text'> | undefined => {
  const found = LINE.exec(text)
  if (!found) return undefined
  const { author, at } = found.groups ?? {}
  return { ...(author ? { author } : {}), ...(at ? { at } : {}), text: text.slice(found[0].length) }
}
