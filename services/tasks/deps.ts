// What the handlers of this service are given. Apart from main.ts, which makes it, because all handlers import it.
import type { Client, Handlers } from '../../shared/contracts/define/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { ActivityStore } from '../../shared/events/activity-store.ts'
import type { Metrics } from '../../shared/process/metrics.ts'
import type { Host } from '../../shared/service.ts'
import type { DatabaseClock } from '../../shared/storage/database-clock.ts'
import type { RequestStore } from '../../shared/storage/request-store.ts'
import type { CommentStore } from './comment-store.ts'
import type { CounterStore } from './counter-store.ts'
import type { Recount } from './recount-store.ts'
import type { TaskStore } from './task-store.ts'

export type Deps = Pick<Host, 'clock' | 'ids' | 'at' | 'log'> &
  Readonly<{
    tasks: TaskStore
    comments: CommentStore
    counters: CounterStore
    requests: RequestStore
    activity: ActivityStore
    recount: Recount
    /** The time that claims are judged by. */
    database_clock: DatabaseClock
    loops: Client<typeof loopsQueue>
    /** Where claims that were lost are counted. */
    metrics?: Pick<Metrics, 'count'>
  }>

/** What internal operations are given. They call no other service, so that services cannot wait for each other in a circle. */
export type LeafDeps = Pick<
  Deps,
  'tasks' | 'comments' | 'counters' | 'requests' | 'activity' | 'clock' | 'database_clock' | 'ids' | 'at'
>

/** The handlers of some of this service's operations. */
export type Some<K extends keyof (typeof tasks)['operations']> = Pick<Handlers<typeof tasks>, K>
