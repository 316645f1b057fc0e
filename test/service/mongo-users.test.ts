// The users of MongoDB in infra/compose.yaml, made by infra/mongo-init.js in the mongo shell. Each service has its own
// database alone, the operator has all, and the script may run again at any time.
import { type Db, MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type GuardedMongo, startGuardedMongo } from '../support/guarded-mongo.ts'
import { OPERATOR, passwordOf, passwordsOf, SERVICE_USERS } from '../support/guarded-nats.ts'
import { ensureMongosh } from '../support/mongosh.ts'

const LIMIT_MS = 300_000
const NEW_SET_MS = 200_000
const UNAUTHORIZED = { codeName: 'Unauthorized' }
const mongosh = await ensureMongosh()
const missing = 'missing' in mongosh ? mongosh.missing : undefined

let mongo: GuardedMongo
const stack = new AsyncDisposableStack()

const clientOf = (url: string) =>
  stack.adopt(new MongoClient(url, { serverSelectionTimeoutMS: 20_000 }), (open) => open.close())
const adminOf = (user: string, password?: string) => clientOf(mongo.urlOf(user, password)).db('admin')
const ping = (user: string, password: string) => adminOf(user, password).command({ ping: 1 })
const usersOf = async (admin: Db) =>
  (await admin.command({ usersInfo: 1 })).users
    .map(({ user, roles }: { user: string; roles: unknown }) => ({ user, roles }))
    .toSorted((a: { user: string }, b: { user: string }) => a.user.localeCompare(b.user))
/** The database of a service, named by the service's own code. */
const databaseOf = async (service: string, as = service): Promise<Db> => {
  const connected = stack.use(
    await connectMongo(mongo.urlOf(as), createLog({ filter: 'error', topic: 'test' })),
  )
  return connected.database(service)
}

describe.skipIf(missing)(`with mongosh${missing ? `: ${missing}` : ''}`, () => {
  beforeAll(async () => {
    if ('missing' in mongosh) return
    mongo = stack.use(await startGuardedMongo(mongosh))
    // As a run that is interrupted leaves it: the set exists, and the operator does not.
    const first = clientOf(`mongodb://${mongo.members[0]}/?directConnection=true`).db('admin')
    const members = mongo.members.map((host, _id) => ({ _id, host, priority: _id === 0 ? 2 : 1 }))
    await first.command({ replSetInitiate: { _id: 'rs0', members } })
  }, LIMIT_MS)
  afterAll(() => stack.disposeAsync())

  test(
    'made_where_a_run_before_had_made_the_set_alone',
    async () => {
      const { code, said } = await mongo.makeUsers()
      expect({ code, said }).toEqual({ code: 0, said: expect.stringContaining('MongoDB is ready') })
      for (const password of Object.values(passwordsOf())) expect(said).not.toContain(password)
      const users = await usersOf(adminOf(OPERATOR))
      expect(users.map(({ user }: { user: string }) => user)).toEqual([...SERVICE_USERS, OPERATOR].toSorted())
    },
    NEW_SET_MS,
  )

  test.each(SERVICE_USERS)('%s_reads_and_writes_its_own_database_and_makes_its_indexes', async (service) => {
    const notes = (await databaseOf(service)).collection('notes')
    await notes.createIndexes([{ key: { of: 1 }, name: 'of' }])
    await notes.insertOne({ of: service })
    await notes.updateOne({ of: service }, [{ $set: { at: '$$NOW' } }])
    expect(await notes.findOne({ of: service }, { hint: 'of' })).toMatchObject({ of: service })
    await notes.dropIndex('of')
    await notes.deleteOne({ of: service })
  })

  test.each(SERVICE_USERS)('%s_touches_no_other_database_and_no_user', async (service) => {
    for (const { name } of CONTRACTS.filter((other) => other.name !== service)) {
      const notes = (await databaseOf(name, service)).collection('notes')
      await expect(notes.findOne()).rejects.toMatchObject(UNAUTHORIZED)
      await expect(notes.insertOne({})).rejects.toMatchObject(UNAUTHORIZED)
      await expect(notes.createIndex({ of: 1 })).rejects.toMatchObject(UNAUTHORIZED)
    }
    const client = clientOf(mongo.urlOf(service))
    for (const command of [
      { usersInfo: 1 },
      { createUser: 'x', pwd: 'x', roles: [] },
      { replSetGetStatus: 1 },
    ])
      await expect(client.db('admin').command(command)).rejects.toMatchObject(UNAUTHORIZED)
    await expect(client.db('local').collection('oplog.rs').findOne()).rejects.toMatchObject(UNAUTHORIZED)
    await expect(client.db('loops').collection('notes').findOne()).rejects.toMatchObject(UNAUTHORIZED)
  })

  test('nobody_without_a_login_gets_in_from_the_machine_itself_either', async () => {
    const stranger = clientOf(`mongodb://${mongo.members[0]}/?directConnection=true`)
    await expect(stranger.db('loops_tasks').collection('notes').findOne()).rejects.toMatchObject(UNAUTHORIZED)
    const command = { createUser: 'mallory', pwd: 'm', roles: ['root'] }
    await expect(stranger.db('admin').command(command)).rejects.toMatchObject(UNAUTHORIZED)
  })

  test('the_operator_reads_every_database_and_manages_the_replica_set', async () => {
    for (const service of SERVICE_USERS)
      expect(await (await databaseOf(service, OPERATOR)).collection('notes').countDocuments()).toBe(0)
    expect(await adminOf(OPERATOR).command({ replSetGetStatus: 1 })).toMatchObject({ set: 'rs0' })
  })

  test('a_second_run_changes_nothing', async () => {
    const before = await usersOf(adminOf(OPERATOR))
    expect((await mongo.makeUsers()).code).toBe(0)
    expect(await usersOf(adminOf(OPERATOR))).toEqual(before)
    for (const user of [...SERVICE_USERS, OPERATOR]) await ping(user, passwordOf(user))
  })

  test('a_second_run_sets_a_new_password_and_revokes_a_right_that_should_not_be_there', async () => {
    const operator = adminOf(OPERATOR)
    const before = await usersOf(operator)
    await operator.command({ grantRolesToUser: 'tasks', roles: ['readWriteAnyDatabase'] })
    expect((await mongo.makeUsers({ TASKS_PASSWORD: 'another' })).code).toBe(0)
    expect(await usersOf(operator)).toEqual(before)
    await ping('tasks', 'another')
    await expect(ping('tasks', passwordOf('tasks'))).rejects.toMatchObject({
      codeName: 'AuthenticationFailed',
    })
  })

  test('a_new_password_of_the_operator_without_the_one_before_is_refused_in_one_sentence', async () => {
    const { code, said } = await mongo.makeUsers({ OPERATOR_PASSWORD: 'another', OPERATOR_PASSWORD_OLD: '' })
    expect(code).toBe(1)
    expect(said).toMatch(/^MONGODB_OPERATOR_PASSWORD is not the operator's password\. .*\n$/)
  })

  test('a_new_password_of_the_operator_counts_and_the_one_before_may_stay_beside_it', async () => {
    const change = { OPERATOR_PASSWORD: 'another', OPERATOR_PASSWORD_OLD: passwordOf(OPERATOR) }
    for (const passwords of [change, change, { OPERATOR_PASSWORD: 'another', OPERATOR_PASSWORD_OLD: '' }])
      expect(await mongo.makeUsers(passwords)).toMatchObject({ code: 0 })
    await ping(OPERATOR, 'another')
    await expect(ping(OPERATOR, passwordOf(OPERATOR))).rejects.toMatchObject({
      codeName: 'AuthenticationFailed',
    })
  })
})
