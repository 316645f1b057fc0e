// What of a Markdown text is prose: not code, not addresses. Pure.

/** Stands for what is not prose: no letter, no space, and in nobody's name. */
const BLANK = '\uFFFC'
const blanked = (text: string): string => text.replace(/[^\r\n]/g, BLANK)

/** What a line may have before its first word: marks of quotes and lists. */
const MARKS = /^[ \t]*(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]+|>)*/
const FENCE = /^(?:`{3,}(?=[^`]*$)|~{3,})/
const INDENTED = /^(?: {4}| {0,3}\t)/

/** Where the reading of lines stands. */
type Lines = Readonly<{
  /** The mark that opened the block of code, if one is open. */
  fence?: string
  isAfterBlank: boolean
  /** Whether an indented line belongs to the item of a list. */
  inList: boolean
}>

/** Whether a line is code, and where the reading stands after it. */
const readLine = (line: string, { fence, isAfterBlank, inList }: Lines): { isCode: boolean; next: Lines } => {
  const marks = MARKS.exec(line)?.[0] ?? ''
  const words = line.slice(marks.length).trimEnd()
  const isBlank = words === ''
  if (fence !== undefined) {
    const isEnd = words.startsWith(fence) && words.replaceAll(fence.charAt(0), '') === ''
    return { isCode: true, next: { isAfterBlank: false, inList, ...(isEnd ? {} : { fence }) } }
  }
  const [opened] = FENCE.exec(words) ?? []
  if (opened !== undefined) return { isCode: true, next: { fence: opened, isAfterBlank: false, inList } }
  const isCode = INDENTED.test(line) && isAfterBlank && !inList
  const isList = marks.trim() !== ''
  const staysInList = inList && (isBlank || /^\s/.test(line) || !isAfterBlank)
  // A line after indented code may be more of it.
  return { isCode, next: { isAfterBlank: isBlank || isCode, inList: isList || staysInList } }
}

const withoutBlocks = (text: string): string => {
  let lines: Lines = { isAfterBlank: true, inList: false }
  return text
    .split('\n')
    .map((line) => {
      const { isCode, next } = readLine(line, lines)
      lines = next
      return isCode ? blanked(line) : line
    })
    .join('\n')
}

/** A paragraph without its code: what stands between two runs of equally many backticks. */
const withoutSpans = (paragraph: string): string => {
  const runs = [...paragraph.matchAll(/`+/g)].map(({ 0: { length }, index }) => ({ length, index }))
  const ends: (number | undefined)[] = []
  const nextOf = new Map<number, number>()
  for (const [n, { length }] of [...runs.entries()].toReversed()) {
    ends[n] = nextOf.get(length)
    nextOf.set(length, n)
  }
  let prose = ''
  let done = 0
  for (let n = 0; n < runs.length; n += 1) {
    const [begin, end] = [runs[n], runs[ends[n] ?? -1]]
    if (!begin || !end || paragraph.charAt(begin.index - 1) === '\\') continue
    const after = end.index + end.length
    prose += paragraph.slice(done, begin.index) + blanked(paragraph.slice(begin.index, after))
    done = after
    n = ends[n] ?? n
  }
  return prose + paragraph.slice(done)
}

/** The same text, as long as before, with U+FFFC for each character of code and of addresses of pages. */
export const proseOf = (text: string): string =>
  withoutBlocks(text)
    .split(/(\n[ \t\r]*\n)/)
    .map(withoutSpans)
    .join('')
    .replace(/\bhttps?:\/\/[^\s<>"]+/gi, blanked)
