// A NATS and a MongoDB for one test file, on servers that the whole run shares. Starts nothing.
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
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
 * other test files; they end with the run, so nothing needs to be cleaned up.
 * @throws Error outside the projects that have servers, or when the run has taken all
 */
export const freshStack = (): Stack => {
  const { nats, mongo, claims } = inject('servers')
  const number = claim(claims)
  return {
    natsUrl: `nats://n${number}:n${number}@${nats.host}:${nats.port}`,
    mongodbUrl: `mongodb://${mongo.host}:${mongo.port}/t${number}?directConnection=true`,
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
