// How a program reads events without doing work twice or going back in time: said once, and shown wherever events are
// described. Pure.

/** The rules in the order in which a reader needs them, each one sentence or two, in Markdown. */
export const READING_RULES = {
  once: 'Skip an `id` that you have seen.',
  newest:
    'Where you keep the state of things, skip an event whose `sequence` is lower than the newest you know of the same `source`, `workspaceid` and `subject`. An equal one is not older: one change may be two events.',
  all: 'Where you count, or alert somebody, go by `id` alone: an older event happened too.',
  gaps: 'A gap in `sequence` means nothing, but for `queue.changed`: not every version of a thing makes an event, and not every event passes your filter.',
  lenient: 'Take no notice of members and events that you do not know: events are only ever extended.',
} as const

/** The rules as one paragraph. */
export const READING_PARAGRAPH = Object.values(READING_RULES).join(' ')
