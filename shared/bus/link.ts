// The link to NATS: whether it is up, and an early end for whatever waits on a connection that is gone. Without it, a
// request whose connection broke would wait out its deadline for an answer that cannot come. Knows no message.
import type { Clock } from '../process/clock.ts'

/** The connection broke while something waited on it: whether that was done is not known. */
export class LinkLostError extends Error {
  override readonly name = 'LinkLostError'

  constructor() {
    super('the connection to NATS broke before the answer came')
  }
}

/** The state of one connection that comes and goes. */
export type Link = Readonly<{
  up: () => boolean
  /** How long it has been up (ms); 0 while it is down. */
  age_ms: () => number
  /** Waits until it is up. @returns false when `timeout_ms` pass first, or `signal` aborts. */
  untilUp: (timeout_ms: number, signal?: AbortSignal) => Promise<boolean>
  /** Does `work` on this connection alone. @throws LinkLostError as soon as the connection is gone. */
  during: <T>(work: () => Promise<T>) => Promise<T>
}>

/** A link, and what the connection reports to it. */
export type LinkState = Link & Readonly<{ came: () => void; went: () => void }>

/** A link that is up. */
export const openLink = (clock: Clock): LinkState => {
  let up_since_ms: number | undefined = clock.monotonicMs()
  const onLoss = new Set<(error: LinkLostError) => void>()
  const onUp = new Set<() => void>()
  return {
    up: () => up_since_ms !== undefined,
    age_ms: () => (up_since_ms === undefined ? 0 : clock.monotonicMs() - up_since_ms),
    untilUp: (timeout_ms, signal) =>
      new Promise((resolve) => {
        if (up_since_ms !== undefined) return resolve(true)
        if (signal?.aborted) return resolve(false)
        const end = (): void => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', end)
          onUp.delete(end)
          resolve(up_since_ms !== undefined)
        }
        const timer = setTimeout(end, timeout_ms)
        signal?.addEventListener('abort', end)
        onUp.add(end)
      }),
    during: async (work) => {
      if (up_since_ms === undefined) throw new LinkLostError()
      const loss = Promise.withResolvers<never>()
      onLoss.add(loss.reject)
      try {
        return await Promise.race([work(), loss.promise])
      } finally {
        onLoss.delete(loss.reject)
      }
    },
    came: () => {
      up_since_ms ??= clock.monotonicMs()
      for (const tell of [...onUp]) tell()
    },
    went: () => {
      up_since_ms = undefined
      const error = new LinkLostError()
      for (const tell of [...onLoss]) tell(error)
    },
  }
}
