// The tasks and loops-queue services for tests that also read the database, or write what a crash leaves.
import type { Db } from 'mongodb'
import { expect } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { PRIORITIES, TASK_STATUSES, type TaskCounts } from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { type AppError, toErrorBody } from '../../shared/contracts/define/errors.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Acting, ids, openEnvironment, person, type TestEnvironment } from './service-environment.ts'

/** An environment with both services running. */
export type TasksEnvironment = TestEnvironment &
  Readonly<{
    /** The database of the tasks service. */
    db: Db
    /** The database of a service. */
    database: (service: string) => Db
    /** A new owner of a new workspace. */
    owner: () => Caller
    tasksOf: (caller: Caller | null, budget_ms?: number) => Acting<typeof tasks>
    loopsOf: (caller: Caller | null, budget_ms?: number) => Acting<typeof loopsQueue>
    /** What the counters of a workspace must say: its tasks, counted one by one. */
    recount: (ws: string, filter?: Readonly<Partial<TaskDoc>>) => Promise<TaskCounts>
    /** Waits until every change is counted. */
    allCounted: () => Promise<void>
  }>

/** Starts `instances` of each service; `given` adds environment variables. */
export const openTasksEnvironment = async (
  instances = 2,
  given: Readonly<Record<string, string>> = {},
): Promise<TasksEnvironment> => {
  const env = await openEnvironment(given)
  const mongo = await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  await Promise.all([env.start('tasks', instances), env.start('loops-queue', instances)])
  const db = mongo.database('tasks')
  return {
    ...env,
    db,
    database: mongo.database,
    owner: () => person(ids.next(), { role: 'owner' }),
    tasksOf: (caller, budget_ms) => env.as(tasks, caller, budget_ms),
    loopsOf: (caller, budget_ms) => env.as(loopsQueue, caller, budget_ms),
    recount: async (ws, filter = {}) => {
      const alive = { ws, deleted_at: { $exists: false }, ...filter }
      const collection = db.collection<TaskDoc>('tasks')
      const counts = await Promise.all(
        TASK_STATUSES.map(async (status) => [status, await collection.countDocuments({ ...alive, status })]),
      )
      const total = await collection.countDocuments(alive)
      return { ...Object.fromEntries(counts), total } as TaskCounts
    },
    allCounted: async () => {
      for (const name of ['tasks', 'comments'])
        await until(
          async () => (await db.collection(name).countDocuments({ 'uncounted.0': { $exists: true } })) === 0,
        )
    },
    [Symbol.asyncDispose]: async () => {
      await env[Symbol.asyncDispose]()
      await mongo[Symbol.asyncDispose]()
    },
  }
}

/** Waits for a condition; the time limit of the test bounds it. */
export const until = async (isSo: () => Promise<boolean>): Promise<void> => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50))
}

/**
 * Expects that a call whose process is killed at `step` gets no answer. One that is only still to be counted may have got it.
 * @param before refusals that the call may have got before.
 */
export const expectKilled = async (
  step: string,
  call: Promise<unknown>,
  before: readonly string[] = ['answered'],
): Promise<void> => {
  const outcome = await call.then(
    () => 'answered',
    (error: AppError) => error.code,
  )
  const isCountedLater = step.endsWith('.counted') || step === 'counters.added'
  expect(['timeout', 'unavailable', ...(isCountedLater ? before : [])]).toContain(outcome)
}

/** A refusal as it is sent, with the requested id blanked: equal for equal reasons. */
export const bytesOf = (refusal: AppError, id: string): string =>
  JSON.stringify(toErrorBody(refusal)).replaceAll(id, 'ID')

/** Every status with every priority. */
export const EVERY_KIND = TASK_STATUSES.flatMap((status) =>
  PRIORITIES.map((priority) => ({ status, priority })),
)
