// The one shape of a command on a document: load, answer a repeat, decide, save or remember.
import type { Call } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { Aggregate, Aggregates, Because } from './aggregate.ts'
import type { Repeatable } from './idempotency.ts'

/** The refusal of a change whose `expected_version` is not the current version. */
export const versionConflict = (
  expected: number,
  current: number,
  details: Record<string, unknown> = {},
): AppError =>
  new AppError('version_conflict', `It has version ${current} now, not ${expected}; nothing was changed.`, {
    hint: `Read it again, then call with expected_version ${current}.`,
    details: { ...details, expected, current },
  })

/**
 * Makes sure that a change says something.
 * @throws AppError `invalid_argument` when it does not.
 */
export const requireChange = (change: Readonly<Record<string, unknown>>): void => {
  const fields = Object.keys(change)
  if (Object.values(change).some((value) => value !== undefined)) return
  throw new AppError('invalid_argument', 'There is nothing to change; nothing was changed.', {
    hint: `Give at least one of ${fields.join(', ')}.`,
  })
}

/** The bounds on trying a command. */
type Patience = Readonly<{
  max_tries?: number
  /** The time left (ms); no further try begins when little is left. */
  remainingMs?: () => number
}>

/** How often a command is tried, each time on a newer version, before it gives up. */
export const MAX_TRIES = 8
/** How long a further try and its answer need (ms). */
const LAST_TRY_MS = 250
/** The longest pause between two tries (ms). */
const LONGEST_PAUSE_MS = 200

/**
 * Runs load–decide–save until the save finds the version that was loaded. Pauses longer after each try, with full jitter.
 * @param attempt returns undefined when its save was stale, else the result.
 * @throws AppError `unavailable` when every try was stale.
 */
export const untilSaved = async <R>(
  attempt: (tries: number) => Promise<R | undefined>,
  random: () => number,
  { max_tries = MAX_TRIES, remainingMs = () => Number.POSITIVE_INFINITY }: Patience = {},
): Promise<R> => {
  for (let tries = 0; tries < max_tries && (tries === 0 || remainingMs() > LAST_TRY_MS); tries += 1) {
    const result = await attempt(tries)
    if (result !== undefined) return result
    await new Promise((resolve) => setTimeout(resolve, random() * Math.min(LONGEST_PAUSE_MS, 4 * 2 ** tries)))
  }
  throw new AppError('unavailable', 'Others keep changing this at the same time; try again.', {
    retry_after_ms: 250,
  })
}

/** What a command decides: its answer, and how to save the change; no `save` when the document is so already. */
export type Decided<R, S> = Readonly<{ result: R; save?: (because: Because) => Promise<S | null> }>

/** One try of a command: a loaded document, and the decision on it. */
export type Attempt<T extends Aggregate, R, S> = Readonly<{
  document: T
  /** The version to compare `expected_version` with; the document's own when absent. */
  version?: number
  /** Returns undefined when what it decided on is out of date: try again. */
  decide: () => Promise<Decided<R, S> | undefined>
  /** Whether another version is a conflict even where the document is so already. @see decideOn */
  strict?: boolean
  /** Makes the refusal of another version; the plain one when absent. */
  conflict?: (expected: number) => Promise<AppError>
}>

/** How the caller sent the command. */
export type Asked = Readonly<{
  call: Call
  request?: Repeatable | undefined
  expected_version?: number | undefined
}>

/**
 * Decides, and checks the version that the caller expected. On another version:
 * - A document that is so already is no conflict, so that a caller whose answer was lost can send the command again. A
 *   strict attempt conflicts all the same: of two agents who begin the same task, the second must learn that it is taken.
 * - Everything else is a conflict. A refusal is too, because it rests on a state that the caller has not seen.
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
 * Runs a command: loads, answers a repeat as the first time, decides, and saves; again on the newest version while others
 * save first. A repeat is answered before the version is checked: its own first run has changed the version.
 *
 * Keeps the promise of `IdempotencyKey`: the answer is recorded in the document by the same write as the change, and copied
 * to the request store before it leaves the document.
 * @param attempt loads; undefined: try again.
 * @returns the answer, and what was saved; null when this run saved nothing.
 * @throws AppError `version_conflict`, `idempotency_conflict`, `unavailable`, and what the attempt throws.
 */
export const changeByRequest = <T extends Aggregate, R, S>(
  store: Pick<Aggregates<T>, 'findRepeat' | 'remember'>,
  { call, request, expected_version }: Asked,
  attempt: (tries: number) => Promise<Attempt<T, R, S> | undefined>,
  random: () => number,
  patience: Patience = {},
): Promise<Readonly<{ result: R; saved: S | null }>> =>
  untilSaved(
    async (tries) => {
      const tried = await attempt(tries)
      if (!tried) return undefined
      const repeat = await store.findRepeat(tried.document, request)
      if (repeat) return { result: repeat.result as R, saved: null }
      const decided = await decideOn(tried, expected_version)
      if (!decided) return undefined
      const { result, save } = decided
      const because = { call, request, result }
      if (save) {
        const saved = await save(because)
        return saved === null ? undefined : { result, saved }
      }
      const remembered = !request || (await store.remember(tried.document, because))
      return remembered ? { result, saved: null } : undefined
    },
    random,
    patience,
  )
