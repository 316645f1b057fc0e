// A gateway that tests kill, and its stores beside it: what a killed one left is read there, and what no page can do is
// written there.
import { openPeopleStores, type PeopleStore } from '../../services/gateway/accounts/account-store.ts'
import { openWorkspaceStores, type WorkspaceStore } from '../../services/gateway/accounts/workspace-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { freePort } from './free-port.ts'
import { ids, openEnvironment, type TestEnvironment } from './service-environment.ts'

/** Where gateways are started and killed, one after the other, at one address. None runs yet. */
export type KilledGateway = AsyncDisposable &
  Readonly<{
    environment: TestEnvironment
    site: string
    mongo: Mongo
    people: PeopleStore
    workspaces: WorkspaceStore
  }>

export const openKilledGateway = async (): Promise<KilledGateway> => {
  const port = await freePort()
  const environment = await openEnvironment({ PORT: String(port), SIGN_UP: 'open' })
  const mongo = await connectMongo(environment.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  const db = mongo.database('gateway')
  return {
    environment,
    site: `http://localhost:${port}`,
    mongo,
    people: (await openPeopleStores(db, aggregate)).people,
    workspaces: (await openWorkspaceStores(db, aggregate)).workspaces,
    [Symbol.asyncDispose]: async () => {
      await environment[Symbol.asyncDispose]()
      await mongo[Symbol.asyncDispose]()
    },
  }
}
