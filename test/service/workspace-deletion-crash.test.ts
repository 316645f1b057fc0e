// Kills services at every step of the deletion of a workspace and starts others. Everything is then erased all the same, and
// each member has one mail.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { callerOf } from '../../services/gateway/accounts/sessions.ts'
import { deleteWorkspace } from '../../services/gateway/accounts/workspace-deletion.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { openBrowser } from '../support/accounts.ts'
import { type KilledGateway, openKilledGateway } from '../support/killed-gateway.ts'
import { ids } from '../support/service-environment.ts'

vi.setConfig({ testTimeout: 240_000 })
/** An event that a killed process had is delivered again after half a minute. */
const SOON = { timeout: 100_000, interval: 200 } as const
const ANN = {
  name: 'Ann',
  email: 'ann@example.com',
  password: 'seven green bicycles in a row',
  workspace: 'Acme',
}

let killed: KilledGateway
let environment: KilledGateway['environment']
let site: string
let mongo: KilledGateway['mongo']
let people: KilledGateway['people']
let workspaces: KilledGateway['workspaces']

beforeEach(async () => {
  killed = await openKilledGateway()
  ;({ environment, site, mongo, people, workspaces } = killed)
})
afterEach(() => killed[Symbol.asyncDispose]())

/** Ann and her workspace, on a gateway that is stopped again. */
const ann = async () => {
  const running = await environment.start('gateway')
  await openBrowser(site).submit('/sign-up', ANN)
  await running[Symbol.asyncDispose]()
  const person = await people.byEmail(ANN.email)
  const [membership] = person?.memberships ?? []
  if (!person || !membership) throw new Error('Ann has no workspace')
  return { person, caller: callerOf(person, membership), ws: membership.workspace_id }
}
const deletion = (caller: ReturnType<typeof callerOf>) =>
  deleteWorkspace({ store: { workspaces }, clock, ids, at: () => undefined }, caller)

/** How many mails about the deletion were requested of a person, by the journal of published events. */
const mailsOf = async (user_id: string) =>
  (await mongo.database('gateway').collection('events').find().toArray()).filter(({ event }) => {
    const text = JSON.stringify(event)
    return text.includes('workspace-deleted') && text.includes(user_id)
  }).length

test.each([
  'delete_workspace.marked',
  'delete_workspace.member_left',
  'delete_workspace.members_left',
  'erase.pass',
])('a_gateway_killed_at_%s_leaves_nothing_undone', async (step) => {
  const { person, caller, ws } = await ann()
  const { died } = await environment.startFaulty('gateway', step)
  await deletion(caller)
  expect(await died).toBe('SIGKILL')
  await environment.start('gateway')
  await mongo
    .database('gateway')
    .collection<{ _id: string; passes: number; due_at: Date }>('deleted_workspaces')
    .updateOne({ _id: ws, passes: 0 }, { $set: { due_at: new Date(0) } })
  await expect.poll(async () => (await people.byEmail(ANN.email))?.memberships, SOON).toEqual([])
  await expect.poll(() => mailsOf(person._id), SOON).toBe(1)
  const tombstones = mongo
    .database('gateway')
    .collection<{ _id: string; passes: number; due_at: Date }>('deleted_workspaces')
  await expect.poll(async () => (await tombstones.findOne({ _id: ws }))?.passes, SOON).toBe(1)
  expect(await mailsOf(person._id)).toBe(1)
  expect((await workspaces.findTombstone(ws))?.name).toBe('')
})

test('a_gateway_killed_when_the_deletion_is_saved_publishes_it', async () => {
  const { caller, ws } = await ann()
  await environment.start('gateway')
  await expect(
    deleteWorkspace(
      {
        store: { workspaces },
        clock,
        ids,
        at: (step) => {
          if (step === 'delete_workspace.saved') throw new Error('died')
        },
      },
      caller,
    ),
  ).rejects.toThrow('died')
  const events = await environment.events('gateway', ws, (all) =>
    all.some(({ type }) => type === 'workspace.deleted'),
  )
  expect(events.filter(({ type }) => type === 'workspace.deleted')).toHaveLength(1)
})

test.each(['erase.marked', 'erase.batch', 'erase.pass'])(
  'a_service_killed_at_%s_erases_all',
  async (step) => {
    const { caller, ws } = await ann()
    const [loopsService, tasksService] = [
      await environment.start('loops-queue'),
      await environment.start('tasks'),
    ]
    const gatewayService = await environment.start('gateway')
    const { loop } = await environment.as(loopsQueue, caller).create_loop({ name: 'Cake' })
    const { task } = await environment.as(tasks, caller).create_task({ title: 'Bake', loop_id: loop.id })
    await environment.as(tasks, caller).add_comment({ task_id: task.id, text: 'soon' })
    await tasksService[Symbol.asyncDispose]()
    const { died } = await environment.startFaulty('tasks', step)
    await deletion(caller)
    expect(await died).toBe('SIGKILL')
    await environment.start('tasks')
    const tombstones = mongo
      .database('tasks')
      .collection<{ _id: string; passes: number; due_at: Date }>('deleted_workspaces')
    await tombstones.updateOne({ _id: ws, passes: 0 }, { $set: { due_at: new Date(0) } })
    await expect
      .poll(async () => {
        const names = ['tasks', 'comments', 'tallies', 'search', 'activity', 'requests']
        const counts = await Promise.all(
          names.map((name) => mongo.database('tasks').collection(name).countDocuments({ ws })),
        )
        return counts.reduce((sum, count) => sum + count, 0)
      }, SOON)
      .toBe(0)
    await expect.poll(async () => (await tombstones.findOne({ _id: ws }))?.passes, SOON).toBe(1)
    await Promise.all([loopsService, gatewayService].map((one) => one[Symbol.asyncDispose]()))
  },
)
