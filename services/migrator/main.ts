// The migrator: makes the streams and consumers that the contracts declare, and keeps them.
//
// It answers no requests, reads no events and has no database; its user on NATS may do this and nothing else.
import { connectBus } from '../../shared/bus/connect.ts'
import { consumedSubjects } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { startKeeper } from '../../shared/events/keeper.ts'
import type { Config } from '../../shared/process/config.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { noTelemetry, type Telemetry } from '../../shared/process/telemetry.ts'
import { MIGRATOR, type Started } from '../start.ts'

const durables = CONTRACTS.map((contract) => ({
  durable: contract.name,
  subjects: consumedSubjects(contract),
})).filter(({ subjects }) => subjects.length > 0)

const lacksOf = (connected: boolean): readonly string[] => (connected ? [] : ['NATS, which does not answer'])

/**
 * Makes all of them once, then keeps them until disposed of.
 * @throws AppError `unavailable` when NATS does not answer or refuses a stream.
 */
export const start = async (config: Config, telemetry: Telemetry = noTelemetry): Promise<Started> => {
  const log = createLog({ filter: config.LOG, topic: MIGRATOR })
  const stack = new AsyncDisposableStack()
  try {
    const probe = stack.use(telemetry.probes.open(MIGRATOR))
    probe.waitFor('NATS and its JetStream (NATS_URL)')
    const bus = stack.use(await connectBus(config.NATS_URL ?? '', MIGRATOR, log.child('bus')))
    const { random } = systemIds()
    probe.waitFor('the streams and consumers, which it makes')
    stack.use(await startKeeper(bus, { random, replicas: config.STREAM_REPLICAS, durables: () => durables }))
    probe.started(async () => ({ waiting_for: lacksOf(bus.connected()), degraded: [] }))
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  log.info('streams and consumers are there')
  return { [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
