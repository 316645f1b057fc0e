// Whether the services of a process are ready, and what they wait for.
import type { Clock } from './clock.ts'

/** How long an answer counts (ms): more questions cost nothing. */
const COUNTS_MS = 2_000
/** How long one check may take (ms); probes of an orchestrator wait a second or three. */
const PATIENCE_MS = 900

/** What a service lacks; empty lists: nothing. Each entry is a phrase that says what to look at. */
export type Readiness = Readonly<{
  /** Without these it can do nothing. */
  waiting_for: readonly string[]
  /** It works, and something is wrong that no other replica would do better. */
  degraded: readonly string[]
}>

/** How one service tells about itself. Disposing ends that: the service has stopped. */
export type Probe = Disposable &
  Readonly<{
    /** Says what its start waits for now. */
    waitFor: (what: string) => void
    /** Has started: from now on `check` says what it lacks. */
    started: (check: () => Promise<Readiness>) => void
  }>

/** The services of a process. */
export type Probes = Readonly<{
  open: (service: string) => Probe
  /** What each service lacks, by its name; a service that is expected and has not come yet waits to be started. */
  read: () => Promise<ReadonlyMap<string, Readiness>>
  /** As last read, without asking anybody. */
  known: () => ReadonlyMap<string, Readiness>
}>

const waitingFor = (...what: string[]): Readiness => ({ waiting_for: what, degraded: [] })

/** Runs a check, for at most `patience_ms`. */
const inTime = async (check: () => Promise<Readiness>, patience_ms: number): Promise<Readiness> => {
  const late = Promise.withResolvers<Readiness>()
  const timer = setTimeout(
    () => late.resolve(waitingFor('its servers, which do not answer within a second')),
    patience_ms,
  )
  try {
    return await Promise.race([check(), late.promise])
  } catch {
    return waitingFor('its servers: asking them failed')
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Opens the probes of a process.
 * @param expected the services that are to come.
 */
export const openProbes = (expected: readonly string[], clock: Pick<Clock, 'monotonicMs'>): Probes => {
  const checks = new Map<string, () => Promise<Readiness>>()
  for (const name of expected) checks.set(name, async () => waitingFor('its start'))
  let last: ReadonlyMap<string, Readiness> = new Map()
  let read_ms = Number.NEGATIVE_INFINITY
  let reading: Promise<ReadonlyMap<string, Readiness>> | undefined
  const readAll = async (): Promise<ReadonlyMap<string, Readiness>> => {
    const all = [...checks].map(async ([name, check]) => [name, await inTime(check, PATIENCE_MS)] as const)
    last = new Map(await Promise.all(all))
    read_ms = clock.monotonicMs()
    return last
  }
  const set = (service: string, check: () => Promise<Readiness>): void => {
    checks.set(service, check)
    read_ms = Number.NEGATIVE_INFINITY
  }
  return {
    open: (service) => {
      set(service, async () => waitingFor('its start'))
      return {
        waitFor: (what) => set(service, async () => waitingFor(what)),
        started: (check) => set(service, check),
        [Symbol.dispose]: () => set(service, async () => waitingFor('nothing: it stops')),
      }
    },
    read: () => {
      if (clock.monotonicMs() - read_ms < COUNTS_MS) return Promise.resolve(last)
      reading ??= readAll().finally(() => {
        reading = undefined
      })
      return reading
    },
    known: () => last,
  }
}

/** A process as `/readyz` answers it: 503 while a service waits for something. */
export const readinessAnswer = (
  services: ReadonlyMap<string, Readiness>,
): Readonly<{ status: 200 | 503; body: Readonly<Record<string, unknown>> }> => {
  const phrases = (of: keyof Readiness): string[] =>
    [...services].flatMap(([name, lacks]) => lacks[of].map((what) => `${name}: ${what}`))
  const [waiting_for, degraded] = [phrases('waiting_for'), phrases('degraded')]
  if (waiting_for.length > 0) return { status: 503, body: { status: 'unavailable', waiting_for } }
  return { status: 200, body: degraded.length > 0 ? { status: 'degraded', degraded } : { status: 'ok' } }
}
