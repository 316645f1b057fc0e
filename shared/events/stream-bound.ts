// How many bytes the stream of events may take, so that events alone never fill the disk: then the oldest go, which nobody
// is owed any more. NATS reserves what a stream may take, and refuses a bound that it has no room for.
import { DiscardPolicy, JetStreamApiError } from '@nats-io/jetstream'
import { TimeoutError } from '@nats-io/nats-core'
import type { Bus } from '../bus/connect.ts'

const GIB = 2 ** 30
/** The first that there is room for is taken; 16 GiB are some sixteen million events. */
const BOUNDS_BYTES = [16 * GIB, 4 * GIB, GIB, GIB / 4, GIB / 16] as const

/**
 * Bounds a stream that has no bound, leaving it twice the room that it takes. A bound that an operator has set stays.
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
      // No room, or no right to: without a bound it works as well, for as long as the disk does.
      if (!(error instanceof JetStreamApiError) && !(error instanceof TimeoutError)) throw error
    }
  }
  bus.log.child('streams').info('stream left without a bound on its bytes', { stream: name })
}
