// The streams of one kind that a gateway has open: how many there may be, and what ends them.
import { createPlaces, type Places, type Taker } from './places.ts'

/** Most streams of one kind in a gateway, and of one connection. */
const MAX_STREAMS = 1_000
export const MAX_STREAMS_OF_CONNECTION = 20
/** How often a stream looks whether its connection is still good (ms): with what is cached, it ends within two seconds. */
export const RECHECK_MS = 900
/** How long a client may leave unread what was sent to it (ms). */
export const UNREAD_MS = 60_000
/** How often a quiet stream says that it lives (ms), which also keeps proxies from closing it. */
export const KEEP_ALIVE_MS = 15_000

export type Streams = Pick<Places, 'count' | 'spread_ms'> &
  Readonly<{
    /**
     * Opens a stream. It is over, and its place free, once what this returns aborts: as it does when the client goes or all
     * are ended.
     * @param client aborts when the client has gone.
     * @returns undefined: there is no place for it.
     */
    open: (taker: Taker, client: AbortSignal) => AbortController | undefined
    /** Ends them all, and opens none from now on. */
    end: () => void
    isEnded: () => boolean
  }>

/** Starts with none. */
export const createStreams = (random: () => number): Streams => {
  const places = createPlaces({ max: MAX_STREAMS, max_of_connection: MAX_STREAMS_OF_CONNECTION, random })
  const opened = new Set<AbortController>()
  let ended = false
  return {
    open: (taker, client) => {
      const free = ended ? undefined : places.take(taker)
      if (!free) return undefined
      const gone = new AbortController()
      const leave = (): void => gone.abort()
      const release = (): void => {
        free()
        opened.delete(gone)
        client.removeEventListener('abort', leave)
      }
      opened.add(gone)
      gone.signal.addEventListener('abort', release, { once: true })
      client.addEventListener('abort', leave, { once: true })
      if (client.aborted) leave()
      return gone
    },
    count: places.count,
    spread_ms: places.spread_ms,
    end: () => {
      ended = true
      for (const gone of [...opened]) gone.abort()
    },
    isEnded: () => ended,
  }
}
