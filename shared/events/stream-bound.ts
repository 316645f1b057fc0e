// Bounds the bytes of the event stream, so that events alone never fill the disk. At the bound, the oldest events go.
//
// NATS reserves what a stream may take, and refuses a bound that it has no room for. Apart from streams.ts, because how far
// to go down is a decision of its own.
import { DiscardPolicy, JetStreamApiError } from '@nats-io/jetstream'
import { TimeoutError } from '@nats-io/nats-core'
import type { Bus } from '../bus/connect.ts'

const GIB = 2 ** 30
/** Bounds to try, in this order (bytes). 16 GiB hold some sixteen million events. */
const BOUNDS_BYTES = [16 * GIB, 4 * GIB, GIB, GIB / 4, GIB / 16] as const

/**
 * Sets the first bound that NATS has room for, and that is at least twice what the stream holds. An existing bound stays.
 * @throws what NATS answers when it cannot be asked.
 */
export const boundStream = async (bus: Bus, name: string): Promise<void> => {
  const { config, state } = await bus.jsm.streams.info(name)
  if (config.max_bytes > 0) return
  for (const max_bytes of BOUNDS_BYTES) {
    if (max_bytes < 2 * state.bytes) break
    try {
      await bus.jsm.streams.update(name, { max_bytes, discard: DiscardPolicy.Old })
      return
    } catch (error) {
      // No room, or not allowed. The stream works without a bound too, as long as the disk has space.
      if (!(error instanceof JetStreamApiError) && !(error instanceof TimeoutError)) throw error
    }
  }
  bus.log.child('streams').info('stream left without a bound on its bytes', { stream: name })
}
