// Does to the services what a cluster does by their probes: one that fails its liveness probe is ended and started again, one
// that is not ready gets no connection (https://kubernetes.io/docs/concepts/configuration/liveness-readiness-startup-probes/).
import { setTimeout as sleep } from 'node:timers/promises'
import type { Controlled } from '../support/chaos/processes.ts'
import type { ProbeRule, ProbeRules } from './chart-probes.ts'

/** A process with the ports on which it says that it lives and that it is ready: of a gateway, where its requests go. */
export type Tended = Readonly<{ process: Controlled; port: number; ready_port: number }>
/** What happened to a process, in order. `restarted`: its startup or liveness probe failed. */
export type Tending = Readonly<{ name: string; what: 'ready' | 'unready' | 'restarted' }>

export type Kubelet = AsyncDisposable &
  Readonly<{
    /** Whether a process gets connections now. */
    isReady: (name: string) => boolean
    history: () => readonly Tending[]
  }>

const answers = async (port: number, { path, timeout_ms }: ProbeRule): Promise<boolean> => {
  try {
    const signal = AbortSignal.timeout(timeout_ms)
    return (await fetch(`http://127.0.0.1:${port}${path}`, { signal })).ok
  } catch {
    return false
  }
}

/**
 * Probes a process as long as it is the same one.
 * @param enough takes each answer, and whether it makes the probe fail; true ends the probing.
 * @returns whether the probe failed; undefined when the process is another one, or the signal came.
 */
const probing = async (
  { process, port }: Pick<Tended, 'process' | 'port'>,
  rule: ProbeRule,
  signal: AbortSignal,
  enough: (ok: boolean, failed: boolean) => boolean,
): Promise<boolean | undefined> => {
  const pid = process.pid()
  let failures = 0
  while (!signal.aborted) {
    await sleep(rule.period_ms, undefined, { signal }).catch(() => undefined)
    const ok = await answers(port, rule)
    if (signal.aborted || process.pid() !== pid) return undefined
    failures = ok ? 0 : failures + 1
    const failed = failures >= rule.failures
    if (enough(ok, failed)) return failed
  }
  return undefined
}

/** Tends one life of a process, until it is another one. @returns whether it has to be restarted. */
const tend = async (
  one: Tended,
  rules: ProbeRules,
  signal: AbortSignal,
  mark: (isReady: boolean) => void,
): Promise<boolean> => {
  const late = await probing(one, rules.startup, signal, (ok, failed) => ok || failed)
  if (late !== false) return late === true
  const life = new AbortController()
  const over = AbortSignal.any([signal, life.signal])
  const judging = probing({ ...one, port: one.ready_port }, rules.readiness, over, (ok, failed) => {
    if (ok || failed) mark(ok)
    return false
  })
  const living = probing(one, rules.liveness, over, (_, failed) => failed)
  const failed = await Promise.race([living, judging])
  life.abort()
  await Promise.all([living, judging])
  mark(false)
  return failed === true
}

/** Starts to probe. Disposing ends that; the processes go on as they are. */
export const startKubelet = (all: readonly Tended[], rules: ProbeRules): Kubelet => {
  const end = new AbortController()
  const history: Tending[] = []
  const ready = new Set<string>()
  const marking =
    (name: string) =>
    (isReady: boolean): void => {
      if (end.signal.aborted || isReady === ready.has(name)) return
      if (isReady) ready.add(name)
      else ready.delete(name)
      history.push({ name, what: isReady ? 'ready' : 'unready' })
    }
  const tending = all.map(async (one) => {
    const { process } = one
    while (!end.signal.aborted)
      if (await tend(one, rules, end.signal, marking(process.name))) {
        history.push({ name: process.name, what: 'restarted' })
        await process.stop(rules.grace_ms)
        process.start()
      }
  })
  return {
    isReady: (name) => ready.has(name),
    history: () => history,
    [Symbol.asyncDispose]: async () => {
      end.abort()
      await Promise.all(tending)
    },
  }
}
