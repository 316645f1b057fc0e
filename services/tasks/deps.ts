// What the handlers of this service are given. Types only.
import type { Client, Handlers } from '../../shared/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue.ts'
import type { tasks } from '../../shared/contracts/tasks.ts'
import type { Host } from '../../shared/host.ts'
import type { RequestStore } from '../../shared/store-requests.ts'
import type { TaskStore } from './store.ts'
import type { CommentStore } from './store-comments.ts'
import type { Recount } from './store-recount.ts'
import type { TallyStore } from './store-tallies.ts'

export type Deps = Pick<Host, 'clock' | 'ids' | 'at' | 'log'> &
  Readonly<{
    tasks: TaskStore
    comments: CommentStore
    tallies: TallyStore
    requests: RequestStore
    recount: Recount
    /** For tools and sweepers only: this service's own internal operations are leaves. */
    loops: Client<typeof loopsQueue>
  }>

/** The handlers of some of this service's operations. */
export type Some<K extends keyof (typeof tasks)['operations']> = Pick<Handlers<typeof tasks>, K>
