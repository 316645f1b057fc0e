// The state of the connection to NATS, and an early end for what waits on a lost one.
//
// Otherwise a request whose connection broke would wait until its deadline for an answer that cannot come.
import type { Clock } from '../process/clock.ts'

/** The connection broke while a request waited on it. Whether the request was done is not known. */
export class LinkLostError extends Error {
  override readonly name = 'LinkLostError'

  constructor() {
    super('the connection to NATS broke before the answer came')
  }
}

/** The state of a connection that comes and goes. */
export type Link = Readonly<{
  up: () => boolean
  /** How long it has been up (ms); 0 while it is down. */
  age_ms: () => number
  /** Waits until it is up. @returns false when `timeout_ms` pass first, or `signal` aborts. */
  untilUp: (timeout_ms: number, signal?: AbortSignal) => Promise<boolean>
  /** Runs `work` on the present connection. @throws LinkLostError as soon as that is lost. */
  during: <T>(work: () => Promise<T>) => Promise<T>
}>

/** A link, and how the connection reports its changes. */
export type LinkState = Link & Readonly<{ connected: () => void; lost: () => void }>

/** Opens a link that is up. */
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
    connected: () => {
      up_since_ms ??= clock.monotonicMs()
      for (const resume of [...onUp]) resume()
    },
    lost: () => {
      up_since_ms = undefined
      const error = new LinkLostError()
      for (const fail of [...onLoss]) fail(error)
    },
  }
}
