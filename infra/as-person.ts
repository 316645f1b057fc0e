// How an operator's command acts as a person of a workspace: it asks the services as the gateway does.
import type { Person } from '../services/gateway/accounts/person-rules.ts'
import type { Workspace } from '../services/gateway/accounts/workspace-rules.ts'
import { client } from '../shared/bus/client.ts'
import { connectBus } from '../shared/bus/connect.ts'
import { startBudget } from '../shared/bus/headers.ts'
import type { Client, MemberCall } from '../shared/contracts/define/contract.ts'
import { scopesOfRole } from '../shared/contracts/define/scopes.ts'
import { gateway } from '../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../shared/contracts/tasks/contract.ts'
import { IMPORT_CLIENT } from '../shared/imports/attribution-rules.ts'
import { systemClock } from '../shared/process/clock.ts'
import { processEnv } from '../shared/process/config.ts'
import { systemIds } from '../shared/process/ids.ts'
import { createLog } from '../shared/process/log.ts'
import { configuredKeys } from '../shared/process/service-keys.ts'
import { lookInto } from '../shared/storage/collection.ts'
import { connectMongo, type Mongo } from '../shared/storage/mongo.ts'
import { StartFault } from './report.ts'
import { runningConfig } from './running.ts'

/** Which workspace, and as whom; undefined: the only one, and its owner. */
export type Named = Readonly<{ workspace?: string | undefined; as?: string | undefined }>

/** The services as one person asks them. */
export type AsPerson = Readonly<{
  tasks: Client<typeof tasks>
  loops: Client<typeof loopsQueue>
  callOf: () => MemberCall
  workspace_name: string
  person_name: string
}>

/** Time for one question (ms). */
const BUDGET_MS = 30_000
/** Workspaces and people that a refusal names. */
const NAMED = 20

const listed = (lines: readonly string[]): string[] =>
  lines.length > NAMED ? [...lines.slice(0, NAMED), `… and ${lines.length - NAMED} more`] : [...lines]

const findWorkspace = async (mongo: Mongo, id: string | undefined): Promise<Workspace> => {
  const { collection, read } = lookInto<Workspace>(mongo.database(gateway.name), 'workspaces')
  const wanted = id === undefined ? {} : { _id: id.toUpperCase() }
  const found = (await collection.find(wanted).sort({ _id: 1 }).limit(1_000).toArray()).map(read)
  const [only, another] = found
  if (only && !another) return only
  if (id !== undefined)
    throw new StartFault(`There is no workspace ${id}: leave --workspace out to see which there are.`)
  if (!only) throw new StartFault('There is no workspace yet: create an account first, see the README.')
  throw new StartFault(
    'There are several workspaces: say which with --workspace ID.',
    listed(found.map(({ _id, name }) => `${_id}  ${name}`)),
  )
}

const findPerson = async (
  mongo: Mongo,
  { _id, name }: Workspace,
  as: string | undefined,
): Promise<Person> => {
  const { collection, read } = lookInto<Person>(mongo.database(gateway.name), 'people')
  const owner = { memberships: { $elemMatch: { workspace_id: _id, role: 'owner' as const } } }
  const wanted =
    as === undefined ? owner : { email: as.trim().toLowerCase(), 'memberships.workspace_id': _id }
  const found = (await collection.find(wanted).sort({ _id: 1 }).limit(1_000).toArray()).map(read)
  const [only, another] = found
  if (only && !another) return only
  if (as !== undefined) throw new StartFault(`${as} is no member of “${name}”: name the address of a member.`)
  if (!only) throw new StartFault(`“${name}” has no owner: say who you are with --as EMAIL.`)
  throw new StartFault(
    `“${name}” has several owners: say who you are with --as EMAIL.`,
    listed(found.map(({ email }) => email)),
  )
}

/**
 * Runs a command as a person.
 * @throws StartFault when workspace or person are not clear; AppError when a server does not answer.
 */
export const runAs = async <R>(named: Named, command: (acting: AsPerson) => Promise<R>): Promise<R> => {
  const config = runningConfig({ LOG: 'error', ...processEnv() })
  const log = createLog({ filter: config.LOG, topic: 'command' })
  await using mongo = await connectMongo(config.MONGODB_URL ?? '', log)
  const workspace = await findWorkspace(mongo, named.workspace)
  const person = await findPerson(mongo, workspace, named.as)
  const role = person.memberships.find(({ workspace_id }) => workspace_id === workspace._id)?.role ?? 'viewer'
  await using bus = await connectBus(
    config.NATS_URL ?? '',
    gateway.name,
    log,
    configuredKeys(gateway.name, config),
  )
  const ids = systemIds()
  const caller = {
    kind: 'person' as const,
    user_id: person._id,
    user_name: person.name,
    workspace_id: workspace._id,
    role,
    scopes: scopesOfRole(role),
    client_id: 'import',
    client_name: IMPORT_CLIENT,
    grant_id: null,
  }
  return await command({
    tasks: client(bus, tasks),
    loops: client(bus, loopsQueue),
    callOf: () => ({ caller, request_id: ids.next(), ...startBudget(systemClock, BUDGET_MS) }),
    workspace_name: workspace.name,
    person_name: person.name,
  })
}
