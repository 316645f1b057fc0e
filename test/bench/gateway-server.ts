// The whole gateway with a tasks service that answers at once, in one process, over a real NATS. Prints its address.
import { startServices } from '../../services/start.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { serve } from '../../shared/bus/serve.ts'
import { defineContract } from '../../shared/contracts/define/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { processEnv, readConfig } from '../../shared/process/config.ts'
import { createLog } from '../../shared/process/log.ts'
import { configuredKeys } from '../../shared/process/service-keys.ts'
import { cannedTasks } from './canned.ts'

const stub = defineContract({ ...tasks, operations: { list_tasks: tasks.operations.list_tasks }, events: {} })
const bus = await connectBus(
  String(processEnv().NATS_URL),
  'stub',
  createLog({ filter: 'error', topic: 'stub' }),
  configuredKeys(stub.name, readConfig(processEnv())),
)
await serve(bus, stub, { list_tasks: async () => cannedTasks }, { clock })
const { url } = await startServices(processEnv(), { names: ['gateway'] })
console.log(url)
