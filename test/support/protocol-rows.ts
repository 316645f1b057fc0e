// The rows of the project's protocol requirements, by the ids in the names of tests.

const upTo = (letter: string, last: number): string[] =>
  Array.from({ length: last }, (_, index) => `${letter}${index + 1}`)

/**
 * T transport, P tools and the rest of MCP, D discovery, R registration, A authorization and consent, K tokens, B use of
 * tokens, X extensions. Of P16 (tasks), which is not built, a test holds that nothing offers it.
 */
export const ROWS: readonly string[] = [
  ...upTo('T', 23),
  ...upTo('P', 19),
  ...upTo('D', 7),
  ...upTo('R', 10),
  ...upTo('A', 11),
  ...upTo('K', 14),
  ...upTo('B', 5),
  'X1',
  'X2',
  'X5',
]
