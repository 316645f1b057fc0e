// Imports and exports as tests run them, over the services of an environment.
import { client } from '../../shared/bus/client.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { type Caller, GATEWAY, type MemberCall } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks as tasksContract } from '../../shared/contracts/tasks/contract.ts'
import { IMPORT_CLIENT } from '../../shared/imports/attribution-rules.ts'
import { fitToLimits } from '../../shared/imports/fit-rules.ts'
import { type ImportOptions, type ImportReport, runImport } from '../../shared/imports/run-import.ts'
import type { Parsed, ParsedTask } from '../../shared/imports/shape-rules.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { asService } from './keys.ts'
import { ids } from './service-environment.ts'
import type { TasksEnvironment } from './tasks-environment.ts'

const servicesOf = (world: TasksEnvironment) => {
  const bus = asService(world.bus, GATEWAY)
  return { tasks: client(bus, tasksContract), loops: client(bus, loopsQueue) }
}

/** Calls as a person who imports. */
const callOf =
  (caller: Caller, budget_ms = 20_000) =>
  (): MemberCall => ({
    caller: { ...caller, client_name: IMPORT_CLIENT },
    request_id: ids.next(),
    ...startBudget(systemClock, budget_ms),
  })

/** What an import or an export asks, for a person. */
export const depsOf = (world: TasksEnvironment, caller: Caller, budget_ms?: number) => ({
  ...servicesOf(world),
  callOf: callOf(caller, budget_ms),
  pause: async () => {},
})

/** A task of a source, by its id there. */
export const task = (id: string, more: Partial<ParsedTask> = {}): ParsedTask => ({
  ref: { source: 'github', id },
  title: `Task ${id}`,
  body: '',
  status: 'approved',
  priority: 'none',
  due_date: null,
  labels: [],
  comments: [],
  blocked_by: [],
  ...more,
})
/** What a file with these tasks and loops holds. */
export const parsed = (tasks: readonly ParsedTask[], loops: Parsed['loops'] = []): Parsed => ({
  tasks,
  loops,
  passed_over: [],
})

/** Imports what a file holds. */
export const bring = (
  world: TasksEnvironment,
  caller: Caller,
  what: Parsed,
  options: Partial<ImportOptions> = {},
): Promise<ImportReport> =>
  runImport(depsOf(world, caller), fitToLimits(what), { approve: false, dry_run: false, ...options })

/** The ref of a task of `task`. */
export const ref = (id: string) => ({ source: 'github', id })
