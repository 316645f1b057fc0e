// The services that hand work out, with people who own workspaces and the agents that work in them.
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { openPeople } from './people.ts'
import { ids, person } from './service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from './tasks-environment.ts'

export type AgentsEnvironment = TasksEnvironment &
  Readonly<{
    /** Somebody who owns a new workspace that the gateway knows. */
    newOwner: () => Promise<Caller>
  }>

/** Starts two of each service that tasks need, and a gateway; `given` adds environment variables. */
export const openAgentsEnvironment = async (
  given: Readonly<Record<string, string>> = {},
): Promise<AgentsEnvironment> => {
  const env = await openTasksEnvironment(2, given)
  await env.start('gateway')
  const people = await openPeople(env.mongodbUrl)
  return {
    ...env,
    newOwner: async () => {
      const email = `${ids.next()}@example.com`
      const [owner] = (await people.workspace('Search', [{ name: 'Ann', email }])).members
      if (!owner) throw new Error('a workspace has an owner')
      return owner.caller
    },
    [Symbol.asyncDispose]: async () => {
      await people[Symbol.asyncDispose]()
      await env[Symbol.asyncDispose]()
    },
  }
}

/** An agent of the same person by another connection. */
export const agentOf = (caller: Caller): Caller => ({
  ...caller,
  grant_id: ids.next(),
  client_name: 'Agent',
})

/** An agent of a workspace that may not approve. */
export const worker = (ws: string): Caller =>
  person(ws, { grant_id: ids.next(), scopes: ['loops:read', 'loops:write'] })
