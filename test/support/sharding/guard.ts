// Reads every command that the services of a test file send to MongoDB, and fails the file if one would go to every shard.
//
// The driver reports the commands of clients that ask for it. The services of the tests get an address that asks (stack.ts);
// what a test asks by a client of its own is no business of the guard.
import { type CommandStartedEvent, MongoClient } from 'mongodb'
import { afterAll } from 'vitest'
import { placeOf, SHARDED, WHOLE_PLACES } from './collections.ts'
import { commandFaults } from './command-rules.ts'
import { EXCEPTIONS } from './exceptions.ts'

/** The file in which services connect: only their clients are read. */
const CONNECTS = /shared\/service\.ts/
const KNOWN = { sharded: SHARDED, whole: WHOLE_PLACES, exceptions: EXCEPTIONS }

const faults = new Set<string>()
/** The collections of services whose commands were read in this file. */
export const heardOf = new Set<string>()

/** Reads the commands of a client. @param report gets each fault. */
export const watchCommands = (client: MongoClient, report: (fault: string) => void): void => {
  client.on('commandStarted', ({ commandName, databaseName, command }: CommandStartedEvent) => {
    const place = placeOf(databaseName, String(command[commandName]))
    if (place === undefined) return
    for (const fault of commandFaults({ name: commandName, place, body: command }, KNOWN)) report(fault)
  })
}

const { connect } = MongoClient.prototype
MongoClient.prototype.connect = function (this: MongoClient) {
  if (CONNECTS.test(new Error().stack ?? '')) {
    watchCommands(this, (fault) => faults.add(fault))
    this.on('commandStarted', ({ databaseName, commandName, command }) =>
      heardOf.add(placeOf(databaseName, String(command[commandName])) ?? ''),
    )
  }
  return connect.call(this)
}

afterAll(() => {
  if (faults.size > 0) throw new Error([...faults].join('\n'))
})
