// What the operator's commands work with: the gateway's collections, and the audit log in which they record themselves.
import { isFormer, type Person } from '../../services/gateway/accounts/person-rules.ts'
import { type Deps, openStores } from '../../services/gateway/deps.ts'
import { oauthSettings } from '../../services/gateway/oauth/settings.ts'
import { deriveSecrets } from '../../services/gateway/secrets.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { processEnv } from '../../shared/process/config.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { runningConfig } from '../running.ts'
import { auditedCommand } from './recording.ts'

/** The parts of a gateway that need no gateway. Events that they write are published by the gateways that run. */
export type AdminDeps = Pick<
  Deps,
  'store' | 'clock' | 'ids' | 'log' | 'at' | 'secrets' | 'public_url' | 'oauth'
>

export type World = Readonly<{ deps: AdminDeps; db: ReturnType<Mongo['database']> }>

/** A command line: what follows the name of the command, and its options. */
export type Asked = Readonly<{
  words: readonly string[]
  options: Readonly<Record<string, string | boolean>>
}>

/** One command. `run` gives the lines to print. */
export type AdminCommand = Readonly<{
  /** What follows its name. */
  usage: string
  about: string
  /** How many words it takes. */
  words: number
  /** The options that it knows; with a value where true. */
  options?: Readonly<Record<string, boolean>>
  run: (world: World, asked: Asked, say: (line: string) => void) => Promise<number>
}>

/** How many rows a command prints; the last line says when there are more. */
export const SHOWN = 1_000

/** Prints rows, at most SHOWN of them. */
export const sayRows = (rows: readonly string[], say: (line: string) => void): void => {
  for (const row of rows.slice(0, SHOWN)) say(row)
  if (rows.length > SHOWN) say(`… and more. Only the first ${SHOWN} are shown.`)
}

/** A mistake in what was asked: a sentence that says what to do. The exit code is 2. */
export class AdminMistake extends Error {
  override readonly name = 'AdminMistake'
}

/** The person with an address. @throws AdminMistake */
export const personOf = async ({ deps }: World, email: string): Promise<Person> => {
  const person = await deps.store.people.byEmail(email.trim().toLowerCase())
  if (!person || isFormer(person))
    throw new AdminMistake(`Nobody has the address ${email}: npm run admin -- people shows who there is.`)
  return person
}

/** The workspace that is named, or the only one of a person. @throws AdminMistake */
export const workspaceOf = (person: Person, named: string | boolean | undefined): string => {
  const ids = person.memberships.map(({ workspace_id }) => workspace_id)
  if (typeof named === 'string') {
    const id = named.toUpperCase()
    if (ids.includes(id)) return id
    throw new AdminMistake(`${person.email} is no member of a workspace ${named}: invite them there first.`)
  }
  const [only, another] = ids
  if (only !== undefined && another === undefined) return only
  throw new AdminMistake(
    only === undefined
      ? `${person.email} is a member of no workspace: invite them to one first.`
      : `${person.email} is a member of ${ids.length} workspaces: say which with --workspace ID (${ids.join(', ')}).`,
  )
}

/** The same for a command about a person. */
export const auditedOfPerson = <T>(
  world: World,
  command: string,
  { _id: user_id, email, memberships }: Person,
  work: () => Promise<T>,
): Promise<T> => {
  const ws = memberships.map(({ workspace_id }) => workspace_id)
  return auditedCommand(world, command, { target: { user_id, email }, ws }, work)
}

/** Runs work on the installation that runs, found as `npm run keys` finds it. @throws StartFault, ConfigError, AppError */
export const withWorld = async <T>(work: (world: World) => Promise<T>): Promise<T> => {
  const config = runningConfig({ LOG: 'warn', ...processEnv() }, ['MONGODB_URL', 'LOOPS_SECRET'])
  const { MONGODB_URL = '', LOOPS_SECRET = '', LOOPS_SECRET_OLD } = config
  const log = createLog({ filter: config.LOG, topic: 'admin' })
  await using mongo = await connectMongo(MONGODB_URL, log)
  const db = mongo.database(gateway.name)
  const [clock, ids] = [systemClock, systemIds()]
  const store = await openStores(db, { service: gateway.name, clock, ids, onCommit: () => undefined })
  const secrets = deriveSecrets(LOOPS_SECRET, ...(LOOPS_SECRET_OLD === undefined ? [] : [LOOPS_SECRET_OLD]))
  const deps = {
    store,
    clock,
    ids,
    log,
    at: () => undefined,
    secrets,
    public_url: config.PUBLIC_URL,
    oauth: oauthSettings(config),
  }
  // Awaited here, since the connection ends with this function.
  return await work({ deps, db })
}
