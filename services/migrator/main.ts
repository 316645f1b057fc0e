// The migrator: makes the streams and consumers that the contracts declare, and keeps them.
//
// It answers no requests, reads no events and has no database; its user on NATS may do this and nothing else.
import { connectBus } from '../../shared/bus/connect.ts'
import { consumedSubjects } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { startKeeper } from '../../shared/events/keeper.ts'
import type { Config } from '../../shared/process/config.ts'
import { startHealth } from '../../shared/process/health.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { MIGRATOR, type Started } from '../start.ts'

const durables = CONTRACTS.map((contract) => ({
  durable: contract.name,
  subjects: consumedSubjects(contract),
})).filter(({ subjects }) => subjects.length > 0)

/**
 * Makes all of them once, then keeps them until disposed of.
 * @throws AppError `unavailable` when NATS does not answer or refuses a stream.
 */
export const start = async (config: Config): Promise<Started> => {
  const log = createLog({ filter: config.LOG, topic: MIGRATOR })
  const stack = new AsyncDisposableStack()
  try {
    const bus = stack.use(await connectBus(config.NATS_URL ?? '', MIGRATOR, log.child('bus')))
    const { random } = systemIds()
    stack.use(await startKeeper(bus, { random, replicas: config.STREAM_REPLICAS, durables: () => durables }))
    const { HEALTH_PORT } = config
    if (HEALTH_PORT !== undefined) stack.use(await startHealth(HEALTH_PORT, bus.connected))
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  log.info('streams and consumers are there')
  return { [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
