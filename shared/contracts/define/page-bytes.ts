// How large an answer may be (bytes of JSON). A model's window is small, and so is a message on the bus. Pure.

/** The largest answer of a tool that was given no limit: 20,000 tokens of about four bytes. */
export const ANSWER_BYTES = 80_000
/** The part of it for member names, cursors and counts beside the rows. */
export const ENVELOPE_BYTES = 1_000
/** The largest rows of one reply between services. Together with the rest of a reply they fit into a message of the bus. */
export const REPLY_BYTES = 384 * 1024

/** The size of a value as JSON (bytes). */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

/**
 * How many of the first rows fit.
 * @param bytes for all of them together
 * @param least rows that are taken whatever their size; one by default, or paging would never get past a large row
 */
export const countFitting = (rows: readonly unknown[], bytes: number, least = 1): number => {
  let left = bytes
  for (const [n, row] of rows.entries()) {
    left -= jsonBytes(row) + 1
    if (left < 0 && n >= least) return n
  }
  return rows.length
}

/** A text cut to a size as JSON, between two characters; the same text when it fits. */
export const cutText = (text: string, bytes: number): string => {
  if (jsonBytes(text) <= bytes) return text
  let left = bytes - 2
  let end = 0
  for (const character of text) {
    left -= jsonBytes(character) - 2
    if (left < 0) break
    end += character.length
  }
  return text.slice(0, end)
}
