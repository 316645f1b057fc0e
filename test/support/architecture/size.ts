// The invariants of size: how long a file and a function may be, and how short a file without a reason.
import { isFunction, lineOf, linesOf, type Source, walk } from './source.ts'

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 60

/** A file that is too long. */
export const fileSize = ({ text }: Source): string[] => {
  const lines = text.split('\n').length - 1
  return lines > MAX_FILE_LINES
    ? [`has ${lines} lines, more than ${MAX_FILE_LINES}: move what has a name of its own to a file beside it`]
    : []
}

/** Functions that are too long, those inside them counted. */
export const functionSize = (source: Source): string[] =>
  [...walk(source.program)]
    .filter((node) => isFunction(node) && linesOf(source, node) > MAX_FUNCTION_LINES)
    .map(
      (node) =>
        `line ${lineOf(source, node)}: a function of ${linesOf(source, node)} lines, more than ${MAX_FUNCTION_LINES}: give a part with a meaning of its own a name and a function`,
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
