// What is still pending, in numbers. Apart, so that the verdict need not know how it is counted. Pure.

/** How many still wait, by what they are. */
export type Pending = Readonly<Record<string, number>>

/** What is not 0, a phrase each. */
export const phrasesOf = (pending: Pending): readonly string[] =>
  Object.entries(pending).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`]))
