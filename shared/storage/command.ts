// The one shape of a command on one document.

import type { Call } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import {
  type Aggregate,
  type Aggregates,
  type Because,
  type Patience,
  untilSaved,
  versionConflict,
} from './aggregate.ts'
import type { Repeatable } from './idempotency.ts'

/** What a command decides on one state of a document: its answer, and how to save; without `save` it is so already. */
export type Decided<R, S> = Readonly<{ result: R; save?: (because: Because) => Promise<S | null> }>

/** One try of a command: the document as it was loaded, and what is decided on it. */
export type Attempt<T extends Aggregate, R, S> = Readonly<{
  document: T
  /** What `expected_version` is compared with; the document's own version when absent. */
  version?: number
  /** Undefined: it was decided on what is behind already; try again. */
  decide: () => Promise<Decided<R, S> | undefined>
  /** Whether another version is a conflict also where it is so already: of two who begin the same work, one must hear it. */
  strict?: boolean
  /** The refusal of another version; a plain one when absent. */
  conflict?: (expected: number) => Promise<AppError>
}>

/** What the caller of a command said about it. */
export type Asked = Readonly<{
  call: Call
  request?: Repeatable | undefined
  expected_version?: number | undefined
}>

/**
 * What an attempt decides, with the version checked: what is so already is answered on any version unless the attempt is
 * strict, everything else is a conflict on another one than expected, a refusal too.
 */
const decideOn = async <T extends Aggregate, R, S>(
  { document, version = document.v, decide, strict = false, conflict }: Attempt<T, R, S>,
  expected: number | undefined,
): Promise<Decided<R, S> | undefined> => {
  if (expected === undefined || expected === version) return await decide()
  const decided = strict
    ? undefined
    : await decide().catch((error: unknown) => {
        if (error instanceof AppError) return undefined
        throw error
      })
  if (decided && !decided.save) return decided
  throw (await conflict?.(expected)) ?? versionConflict(expected, version)
}

/**
 * The one shape of a command on a document: load, answer a repeat as the first time, decide, save; and again on the newest
 * version while others are first. A repeat with the same key changes nothing more and gets the first answer, for at least
 * a day, whatever came between: the answer is recorded in the document with the change itself, and kept elsewhere before
 * it leaves the document.
 * @param attempt one try; undefined: try again.
 * @returns the answer, and what was saved; null when nothing was, now.
 * @throws AppError `version_conflict`, `idempotency_conflict`, `unavailable`, and what the attempt throws.
 */
export const changeByRequest = <T extends Aggregate, R, S>(
  memory: Pick<Aggregates<T>, 'findRepeat' | 'remember'>,
  { call, request, expected_version }: Asked,
  attempt: (tries: number) => Promise<Attempt<T, R, S> | undefined>,
  random: () => number,
  patience: Patience = {},
): Promise<Readonly<{ result: R; saved: S | null }>> =>
  untilSaved(
    async (tries) => {
      const tried = await attempt(tries)
      if (!tried) return undefined
      const repeat = await memory.findRepeat(tried.document, request)
      if (repeat) return { result: repeat.result as R, saved: null }
      const decided = await decideOn(tried, expected_version)
      if (!decided) return undefined
      const { result, save } = decided
      const because = { call, request, result }
      if (save) {
        const saved = await save(because)
        return saved === null ? undefined : { result, saved }
      }
      const remembered = !request || (await memory.remember(tried.document, because))
      return remembered ? { result, saved: null } : undefined
    },
    random,
    patience,
  )
