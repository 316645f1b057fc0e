// Makes a mongod the primary of a replica set of one, and gives it a login.
// Only this file in infra uses the MongoDB driver.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { MongoClient, MongoServerError } from 'mongodb'
import { untilAccepting } from './port.ts'

/** A login, and the key that signs in to set it. */
export type Access = Readonly<{
  /** The content of the key file. It allows everything, even before there is a user. */
  key: string
  user: string
  password: string
}>

/** Which server, and what to make of it. */
export type ReplicaSetOptions = Readonly<{
  port: number
  /** The host to connect to. */
  host?: string
  /** Its address in its own configuration, if that differs from host and port (as inside a container). */
  member?: string
  replicaSet: string
  /** Absent for a server without login. */
  access?: Access
  signal: AbortSignal
}>

const POLL_MS = 20
const CONNECT_TIMEOUT_MS = 20_000

type ReplicaSetConfig = { _id: string; version: number; members: { _id: number; host: string }[] }

/**
 * The user as which servers with the same key file sign in to each other. It needs no document, so it can sign in before
 * there is a replica set, and while the member does not find itself in one.
 * https://www.mongodb.com/docs/manual/reference/built-in-roles/#mongodb-authrole-__system
 */
const asServer = ({ key }: Access) =>
  ({
    auth: { username: '__system', password: key },
    authSource: 'local',
    authMechanism: 'SCRAM-SHA-256',
  }) as const

/** To read, write and administer every database, but not the users or the server. */
const ROLES = ['readWriteAnyDatabase', 'dbAdminAnyDatabase'] as const

/**
 * Waits for the server, initiates its replica set, waits until it is primary, and sets its login. If the port has changed
 * since, corrects the address in its configuration: a member that does not find itself there never becomes primary. Skips
 * what an earlier try has done.
 * @throws the driver's error; an AbortError if the signal is aborted
 */
export const ensureReplicaSet = async (options: ReplicaSetOptions): Promise<void> => {
  const { port, host = '127.0.0.1', member = `${host}:${port}`, replicaSet, access, signal } = options
  const client = new MongoClient(`mongodb://${host}:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
    ...(access && asServer(access)),
  })
  try {
    await untilAccepting(host, port, signal)
    const admin = client.db('admin')
    const config = await client
      .db('local')
      .collection<ReplicaSetConfig>('system.replset')
      .findOne({ _id: replicaSet })
    if (config === null) {
      const members = [{ _id: 0, host: member }]
      await admin.command({ replSetInitiate: { _id: replicaSet, members } })
    } else if (config.members[0]?.host !== member) {
      const members = [{ ...config.members[0], host: member }]
      const changed = { ...config, version: config.version + 1, members }
      await admin.command({ replSetReconfig: changed, force: true })
    }
    await untilPrimary(admin, signal)
    if (access) await setLogin(admin, access)
  } finally {
    await client.close()
  }
}

const untilPrimary = async (admin: Db, signal: AbortSignal): Promise<void> => {
  while (!(await isPrimary(admin))) await sleep(POLL_MS, undefined, { signal })
}

/** A server closes its connections when its role changes, so an error means "not yet". */
const isPrimary = (admin: Db): Promise<boolean> =>
  admin.command({ hello: 1 }).then(
    ({ isWritablePrimary }) => isWritablePrimary === true,
    () => false,
  )

/** Sets the password each time, so that it is right even after the file that keeps it was lost. */
const setLogin = async (admin: Db, { user, password: pwd }: Access): Promise<void> => {
  try {
    await admin.command({ updateUser: user, pwd, roles: ROLES })
  } catch (error) {
    if (!(error instanceof MongoServerError && error.codeName === 'UserNotFound')) throw error
    await admin.command({ createUser: user, pwd, roles: ROLES })
  }
}
