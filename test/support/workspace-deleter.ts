// Deletes workspaces of a system as its gateways do, with the stores of a test.
import { openPeopleStores } from '../../services/gateway/accounts/account-store.ts'
import { callerOf } from '../../services/gateway/accounts/sessions.ts'
import { deleteWorkspace } from '../../services/gateway/accounts/workspace-deletion.ts'
import { openWorkspaceStores } from '../../services/gateway/accounts/workspace-store.ts'
import type { Deps } from '../../services/gateway/deps.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import type { Account } from './accounts.ts'
import { ids } from './service-environment.ts'

type Who = Pick<Account, 'email'>

export type Deleter = AsyncDisposable &
  Readonly<{
    mongo: Mongo
    store: Pick<Deps['store'], 'people' | 'workspaces'>
    /** Somebody as the caller of an operation in their only workspace. */
    callerFor: (who: Who) => Promise<ReturnType<typeof callerOf>>
    workspaceOf: (who: Who) => Promise<string>
    /** Deletes somebody's workspace. */
    remove: (who: Who) => Promise<void>
    removeAs: (caller: ReturnType<typeof callerOf>) => Promise<void>
  }>

/** Opens the stores. */
export const openDeleter = async ({
  stack,
}: Readonly<{ stack: { mongodbUrl: string } }>): Promise<Deleter> => {
  const mongo = await connectMongo(stack.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const db = mongo.database('gateway')
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  const { people } = await openPeopleStores(db, aggregate)
  const store = { people, workspaces: (await openWorkspaceStores(db, aggregate)).workspaces }
  const callerFor: Deleter['callerFor'] = async ({ email }) => {
    const person = await people.byEmail(email)
    const [membership] = person?.memberships ?? []
    if (!person || !membership) throw new Error(`${email} is a member of nothing`)
    return callerOf(person, membership)
  }
  const removeAs: Deleter['removeAs'] = async (caller) => {
    await deleteWorkspace({ store, clock, ids, at: () => undefined }, caller)
  }
  return {
    mongo,
    store,
    callerFor,
    workspaceOf: async (who) => (await callerFor(who)).workspace_id,
    remove: async (who) => removeAs(await callerFor(who)),
    removeAs,
    [Symbol.asyncDispose]: () => mongo[Symbol.asyncDispose](),
  }
}
