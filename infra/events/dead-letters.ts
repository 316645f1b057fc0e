// The dead letters of all services as one list, for an operator.
import { CONTRACTS } from '../../shared/contracts/index.ts'
import {
  type Chosen,
  type DeadLetter,
  type DeadLetterList,
  openDeadLetterList,
} from '../../shared/events/dead-letter-store.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'
import { StartFault } from '../report.ts'

/** The list of each service, or of the named one. @throws StartFault if there is no such service */
const listsOf = (
  mongo: Mongo,
  clock: Clock,
  consumer: string | undefined,
): Promise<readonly DeadLetterList[]> => {
  const services = CONTRACTS.map(({ name }) => name)
  const named = consumer === undefined ? services : services.filter((name) => name === consumer)
  if (named.length === 0)
    throw new StartFault(`There is no service ${consumer}: there are ${services.join(', ')}.`)
  return Promise.all(
    named.map(async (name) => {
      const db = mongo.database(name)
      return openDeadLetterList(db, await openDatabaseClock(db, clock))
    }),
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** Opens the dead letters of all services, or of the named one, as one list. */
export const openAllDeadLetters = async (
  mongo: Mongo,
  clock: Clock,
  consumer: string | undefined,
): Promise<DeadLetterList> => {
  const lists = await listsOf(mongo, clock, consumer)
  const all = <T>(ask: (list: DeadLetterList) => Promise<T>): Promise<T[]> => Promise.all(lists.map(ask))
  return {
    list: async (chosen: Chosen, limit: number): Promise<readonly DeadLetter[]> =>
      (await all((one) => one.list(chosen, limit)))
        .flat()
        .toSorted((a, b) => b.at.getTime() - a.at.getTime())
        .slice(0, limit),
    count: async (chosen) => sum(await all((one) => one.count(chosen))),
    ask: async (chosen) => sum(await all((one) => one.ask(chosen))),
  }
}
