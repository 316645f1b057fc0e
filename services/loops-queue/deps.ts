// What the handlers of this service are given. Apart from main.ts, which makes it, because all handlers import it.
import type { Client, Handlers } from '../../shared/contracts/define/contract.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { Workspace } from '../../shared/contracts/gateway/shapes.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { ActivityStore } from '../../shared/events/activity-store.ts'
import type { Host } from '../../shared/service.ts'
import type { LoopStore } from './loop-store.ts'
import type { Queues } from './queue-changes.ts'
import type { ReadyLoops } from './ready-loops.ts'

export type Deps = Pick<Host, 'clock' | 'ids' | 'at' | 'log'> &
  Readonly<{
    loops: LoopStore
    activity: ActivityStore
    queues: Queues
    ready: ReadyLoops
    tasks: Client<typeof tasks>
    gateway: Client<typeof gateway>
    /** The workspace with its context for agents; calls that ask at the same time share one request. */
    readWorkspace: (id: string) => Promise<Workspace>
  }>

/** The handlers of some of this service's operations. */
export type Some<K extends keyof (typeof loopsQueue)['operations']> = Pick<Handlers<typeof loopsQueue>, K>
