// Labels of tasks: how they are written, and how a task is found by one. Pure.
//
// Apart, because what a task is and how tasks are listed both go by them.
import { normalizeLabel } from '../../shared/contracts/define/common.ts'
import type { List } from './visibility-rules.ts'

/** The labels of a task as they are stored, each once; none: the task has no such field. */
export const labelsOf = (labels: readonly string[] | undefined): readonly string[] | undefined =>
  labels === undefined || labels.length === 0
    ? undefined
    : // Two spellings of one label are one.
      [...new Set(labels.map(normalizeLabel))]

/** What a task with a label on a list is found by. */
export const labelledAs = (list: List, label: string): string => `${list} ${label}`

/** What a task is found by: each of its labels on each of its lists. */
export const labelledOf = (
  lists: readonly List[],
  labels: readonly string[] | undefined,
): readonly string[] | undefined =>
  labels && lists.flatMap((list) => labels.map((label) => labelledAs(list, label)))

/** Whether a task has the same labels as before, in the same order. */
export const sameLabels = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === b.length && a.every((label, n) => label === b[n])
