// How large an answer may be: a model's window is small, and so is a message of the bus. Pure. Bytes are those of the
// JSON as it travels; a model reads it once, as the text of a result or as its structure.

/** The largest answer of a tool that is asked for nothing special: 20,000 tokens of about four bytes. */
export const ANSWER_BYTES = 80_000
/** Of it, for the names of members, cursors and counts beside the rows. */
export const ENVELOPE_BYTES = 1_000
/** Rows of one reply between services: any number of the largest that are asked for at once fits, with room for the rest. */
export const REPLY_BYTES = 384 * 1024

/** The size of a value as JSON (bytes). */
export const jsonBytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '')

/**
 * How many of the first rows fit.
 * @param bytes for all of them together.
 * @param least rows that are taken however large they are: one, where a caller could not go on without.
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
