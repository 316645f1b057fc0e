// What is still owed, in numbers. Pure.

/** How many still wait, by what they are; whatever is not 0 is owed. */
export type PendingMails = Readonly<Record<string, number>>

/** What is owed, a phrase each. */
export const pendingIn = (owed: PendingMails): readonly string[] =>
  Object.entries(owed).flatMap(([what, count]) => (count === 0 ? [] : [`${what}: ${count}`]))
