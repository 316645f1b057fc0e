// Makes a lone mongod the primary of a replica set of one, whatever port it had before. The only file in infra that
// knows the MongoDB driver.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from 'mongodb'
import { MongoClient } from 'mongodb'
import { untilAccepting } from './port.ts'

/** Which server, and as what. */
export type ReplicaSetOptions = Readonly<{
  port: number
  /** Where it is reached from here. */
  host?: string
  /** The address that its configuration holds, where that differs from host and port (inside a container). */
  member?: string
  replicaSet: string
  signal: AbortSignal
}>

const POLL_MS = 20
const CONNECT_TIMEOUT_MS = 20_000

type ReplicaSetConfig = { _id: string; version: number; members: { _id: number; host: string }[] }

/**
 * Waits for the server, initiates its set at first, corrects the address in its configuration when the port has
 * changed since (a member that does not find itself there never becomes primary), and waits until it is primary.
 * @throws the driver's error; an AbortError when the signal is aborted
 */
export const ensureReplicaSet = async (options: ReplicaSetOptions): Promise<void> => {
  const { port, host = '127.0.0.1', member = `${host}:${port}`, replicaSet, signal } = options
  const client = new MongoClient(`mongodb://${host}:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: CONNECT_TIMEOUT_MS,
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
  } finally {
    await client.close()
  }
}

const untilPrimary = async (admin: Db, signal: AbortSignal): Promise<void> => {
  while (!(await isPrimary(admin))) await sleep(POLL_MS, undefined, { signal })
}

/** A server closes its connections when its role changes, so a failed question means: not yet. */
const isPrimary = (admin: Db): Promise<boolean> =>
  admin.command({ hello: 1 }).then(
    ({ isWritablePrimary }) => isWritablePrimary === true,
    () => false,
  )
