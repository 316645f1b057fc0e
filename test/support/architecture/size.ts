// The invariants of size: how long a file and a function may be, and how short a file without a reason.
import { isFunction, lineOf, linesOf, type Node, type Source, walk } from './source.ts'

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 70

/** A file that is too long. */
export const fileSize = ({ text }: Source): string[] => {
  const lines = text.split('\n').length - 1
  return lines > MAX_FILE_LINES
    ? [`has ${lines} lines, more than ${MAX_FILE_LINES}: move what has a name of its own to a file beside it`]
    : []
}

/** The outermost functions inside a function. */
const nested = (outer: Node): Node[] =>
  [...walk(outer, (node) => node === outer || !isFunction(node))].filter(
    (node) => node !== outer && isFunction(node),
  )

/** Lines of its own: a function that only puts functions together is as long as what it says besides them. */
const ownLines = (source: Source, node: Node): number =>
  nested(node).reduce((lines, inner) => lines - linesOf(source, inner) + 1, linesOf(source, node))

/** Functions that are too long. */
export const functionSize = (source: Source): string[] =>
  [...walk(source.program)]
    .filter((node) => isFunction(node) && ownLines(source, node) > MAX_FUNCTION_LINES)
    .map(
      (node) =>
        `line ${lineOf(source, node)}: a function of ${ownLines(source, node)} lines, more than ${MAX_FUNCTION_LINES}: give a part with a meaning of its own a name and a function`,
    )

const FEW_LINES = 25
const REASON = /\b(alone|apart|because|otherwise|since|so that|of its own|the only file|one rule)\b/i

/** A file of a few lines whose head does not say why they are no part of another. */
export const standsAlone = ({ text }: Source): string[] => {
  const lines = text.split('\n').length - 1
  const head = /^(\/\/.*\n)*/.exec(text)?.[0] ?? ''
  return lines >= FEW_LINES || REASON.test(head)
    ? []
    : [
        `has ${lines} lines, fewer than ${FEW_LINES}: move them to a file beside it, or say in its head why they stand alone`,
      ]
}
