// A NATS and a MongoDB for one test file, on servers that the whole run shares. Starts nothing.
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { inject } from 'vitest'
import { NATS_ACCOUNTS } from './containers.ts'
import type { ServerImages } from './images.ts'

/** The servers of a run, as global-setup.ts started them. */
export type Servers = Readonly<{
  nats: Address
  mongo: Address
  images: ServerImages
  /** A folder in which test files mark the numbers that they have taken. */
  claims: string
}>

type Address = Readonly<{ host: string; port: number }>

/** An empty NATS account and database names that nothing else uses. */
export type Stack = Readonly<{ natsUrl: string; mongodbUrl: string }>

/**
 * A stack that no other caller of this run has. Its subjects, streams and databases are empty and invisible to all
 * other test files. Nothing needs to be cleaned up: the databases end with the test file, all else with the run.
 * @throws Error outside the projects that have servers, or when the run has taken all
 */
export const freshStack = (): Stack => {
  const { nats, mongo, claims } = inject('servers')
  const number = claim(claims)
  taken.push(number)
  return {
    natsUrl: `nats://n${number}:n${number}@${nats.host}:${nats.port}`,
    mongodbUrl: mongodbUrlOf(mongo, `t${number}`),
  }
}

/** The numbers that this test file has taken. */
const taken: number[] = []

const mongodbUrlOf = ({ host, port }: Address, prefix: string): string =>
  `mongodb://${host}:${port}/${prefix}?directConnection=true&monitorCommands=true`

/**
 * Drops the databases of this file's stacks. MongoDB keeps a file open for each collection and each index, and
 * ends when it may open no more; two hundred test files make tens of thousands.
 */
export const dropDatabases = async (): Promise<void> => {
  if (taken.length === 0) return
  const client = new MongoClient(mongodbUrlOf(inject('servers').mongo, 'admin'))
  try {
    const filter = { name: { $regex: `^t(${taken.join('|')})_` } }
    const { databases } = await client.db().admin().listDatabases({ nameOnly: true, filter })
    await Promise.all(databases.map(({ name }) => client.db(name).dropDatabase()))
  } finally {
    await client.close()
  }
}

/** Takes the lowest free number; test files are processes of their own, and only one of them can create a file. */
const claim = (folder: string): number => {
  for (let number = 0; number < NATS_ACCOUNTS; number++) {
    try {
      closeSync(openSync(join(folder, String(number)), 'wx'))
      return number
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  throw new Error(`All ${NATS_ACCOUNTS} stacks of this run are taken: raise NATS_ACCOUNTS in test/support.`)
}
