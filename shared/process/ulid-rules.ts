// The moment in a ULID (https://github.com/ulid/spec). Pure, and apart from ids.ts, which makes them.
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const TIME_CHARS = 10

/** When an id was made, to the millisecond; undefined for what is no ULID. */
export const momentOf = (id: string): Date | undefined => {
  let ms = 0
  for (const char of id.slice(0, TIME_CHARS)) {
    const digit = CROCKFORD.indexOf(char)
    if (digit < 0) return undefined
    ms = ms * CROCKFORD.length + digit
  }
  return id.length < TIME_CHARS ? undefined : new Date(ms)
}
