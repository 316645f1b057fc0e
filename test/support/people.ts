// People, workspaces and invitations, written to the database as the gateway writes them. It needs no pages, so a
// thousand members take a moment.
import { openPeopleStores } from '../../services/gateway/accounts/account-store.ts'
import {
  createInvitation,
  createWorkspace,
  withdrawInvitation,
} from '../../services/gateway/accounts/workspace-rules.ts'
import { openWorkspaceStores } from '../../services/gateway/accounts/workspace-store.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { ids, person } from './service-environment.ts'

/** A member of a test's workspace, and their caller on the bus. */
export type Someone = Readonly<{ id: string; name: string; email: string; caller: Caller }>

/** A person to create. Without an email, the address is derived from the name. */
export type Given = Readonly<{ name: string; email?: string; locale?: string; time_zone?: string }>

export type People = AsyncDisposable &
  Readonly<{
    /** Creates a workspace; the first person owns it. */
    workspace: (
      name: string,
      people: readonly Given[],
      time_zone?: string,
    ) => Promise<Readonly<{ id: string; members: readonly Someone[] }>>
    /** Invites somebody on behalf of a member. Returns the invitation's id. */
    invite: (by: Someone, email: string) => Promise<string>
    withdraw: (by: Someone, invitationId: string) => Promise<void>
  }>

/** Opens the gateway's collections on a test's database. A running gateway publishes their events. */
export const openPeople = async (mongodbUrl: string): Promise<People> => {
  const mongo = await connectMongo(mongodbUrl, createLog({ filter: 'error', topic: 'people' }))
  const db = mongo.database('gateway')
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  const { people } = await openPeopleStores(db, aggregate)
  const { workspaces, invitations } = await openWorkspaceStores(db, aggregate)

  const join = async (workspace_id: string, workspace_name: string, given: Given, owner: boolean) => {
    const role = owner ? 'owner' : 'member'
    const { name, locale = 'en', time_zone = null } = given
    const email = given.email ?? `${name.toLowerCase().replaceAll(' ', '.')}@example.com`
    const caller = person(workspace_id, { user_name: name, role })
    const made = {
      _id: caller.user_id,
      v: 1,
      email,
      name,
      password_hash: '',
      memberships: [{ workspace_id, workspace_name, role, joined_at: clock.now() } as const],
      unsettled: [],
      locale,
      time_zone,
      created_at: clock.now(),
    }
    await people.insert(made, [])
    return { id: caller.user_id, name, email, caller }
  }
  return {
    workspace: async (name, given, time_zone = 'UTC') => {
      const id = ids.next()
      const members = await Promise.all(given.map((one, index) => join(id, name, one, index === 0)))
      const [owner] = members
      if (!owner) throw new Error('A workspace needs an owner.')
      await workspaces.insert({ ...createWorkspace(id, name, clock.now()), time_zone }, [])
      return { id, members }
    },
    invite: async (by, email) => {
      const made = createInvitation({ email, role: 'member' }, by.caller, ids.next(), clock.now())
      await invitations.insert(made.invitation, made.events)
      return made.invitation._id
    },
    withdraw: async (by, invitationId) => {
      const before = await invitations.find(invitationId)
      if (before) await invitations.save(before, withdrawInvitation(before, by.caller), [])
    },
    [Symbol.asyncDispose]: () => mongo[Symbol.asyncDispose](),
  }
}
