// The mail to whoever approved a task that is put on hold because its agents vanish: once, and only while they see the task.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { agentOf } from '../support/agents-environment.ts'
import { allReactedTo, caughtUp, listed, openMailEnvironment, privateLoop } from '../support/pending-mails.ts'
import type { People, Someone } from '../support/people.ts'
import { ids, type TestEnvironment } from '../support/service-environment.ts'
import type { SmtpSink } from '../support/smtp-sink.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People
let mongo: Mongo

beforeAll(async () => {
  ;({ env, people, sink } = open.use(await openMailEnvironment(['tasks', 'loops-queue', 'notifier'])))
  mongo = open.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
})
afterAll(() => open.disposeAsync())
beforeEach(() => sink.misbehave())

type Team = Readonly<{ ws: string; ana: Someone; ben: Someone }>
const team = async (): Promise<Team> => {
  const at = `${ids.next().toLowerCase()}.example`
  const { id, members } = await people.workspace('Acme', [
    { name: 'Ana', email: `ana@${at}` },
    { name: 'Ben', email: `ben@${at}`, locale: 'de' },
  ])
  return { ws: id, ana: members[0] as Someone, ben: members[1] as Someone }
}
const tasksOf = ({ caller }: Someone) => env.as(tasks, caller)
const loopsOf = ({ caller }: Someone) => env.as(loopsQueue, caller)
const mailsTo = ({ email }: Someone) => sink.mails.filter(({ to }) => to.includes(email))

/** A task that somebody has approved, in a loop that both see. */
const approvedBy = async ({ ana, ben }: Team, approver: Someone, visibility: 'public' | 'private') => {
  const loop_id =
    visibility === 'private'
      ? await privateLoop(env, ana, [ben.id])
      : (await loopsOf(ana).create_loop({ name: 'Loop' })).loop.id
  const { task } = await tasksOf(ana).create_task({ title: 'Boil the ocean', loop_id })
  await tasksOf(approver).update_task({ task_id: task.id, status: 'approved' })
  return { loop_id, task_id: task.id }
}

const isExpiry = ({ type }: CloudEvent): boolean => type.endsWith('task.claim_expired')
/** Lets three agents in a row take a task and vanish. Returns the events of the expiries. */
const vanish = async ({ ws, ana }: Team, task_id: string): Promise<CloudEvent[]> => {
  for (let times = 1; times <= 3; times += 1) {
    await env.as(tasks, agentOf(ana.caller)).claim_task({ task_id })
    await mongo
      .database('tasks')
      .collection<TaskDoc>('tasks')
      .updateOne({ _id: task_id }, { $set: { 'claim.until': new Date(Date.now() - 60_000) } })
    await env.events('tasks', ws, (published) => published.filter(isExpiry).length === times)
  }
  return (await env.events('tasks', ws, (published) => published.filter(isExpiry).length === 3)).filter(
    isExpiry,
  )
}
const again = async (ws: string, event: CloudEvent): Promise<void> => {
  const subject = eventSubject('tasks', 'task.claim_expired', ws)
  await env.bus.js.publish(subject, JSON.stringify(event), { msgID: ids.next() })
  await allReactedTo(env)
}

test('the_approver_gets_one_mail_at_the_third_expiry_however_often_it_is_published', async () => {
  const all = await team()
  const { task_id } = await approvedBy(all, all.ben, 'public')
  const [first, second, third] = await vanish(all, task_id)
  if (!first || !second || !third) throw new Error('there are three')
  const [row] = await caughtUp(env, all.ws, third.id, 1)
  expect(row).toMatchObject({ status: 'sent', user_id: all.ben.id, about: 'Task on hold' })
  await again(all.ws, third)
  await again(all.ws, third)
  expect(await listed(env, all.ws, third.id)).toHaveLength(1)
  for (const { id } of [first, second]) expect(await listed(env, all.ws, id)).toEqual([])
  const [mail, ...more] = mailsTo(all.ben)
  expect(more).toEqual([])
  expect(mail?.subject).toContain('Pausiert: ')
  for (const said of ['Boil the ocean', `/tasks/${task_id}?workspace=${all.ws}`, '3 Agenten', 'Acme'])
    expect(mail?.text).toContain(said)
  expect(mail?.headers['list-unsubscribe']).toContain('/u/')
  expect(mailsTo(all.ana)).toEqual([])
})

test('it_goes_again_when_the_task_is_put_on_hold_again', async () => {
  const all = await team()
  const { task_id } = await approvedBy(all, all.ben, 'public')
  await vanish(all, task_id)
  await tasksOf(all.ben).update_task({ task_id, status: 'approved' })
  for (let times = 4; times <= 6; times += 1) {
    await env.as(tasks, agentOf(all.ana.caller)).claim_task({ task_id })
    await mongo
      .database('tasks')
      .collection<TaskDoc>('tasks')
      .updateOne({ _id: task_id }, { $set: { 'claim.until': new Date(Date.now() - 60_000) } })
    await env.events('tasks', all.ws, (published) => published.filter(isExpiry).length === times)
  }
  await expect.poll(() => mailsTo(all.ben).length, { timeout: 20_000 }).toBe(2)
})

test.each([
  [
    'left_the_private_loop',
    async ({ ana, ben }: Team, { loop_id }: { loop_id: string }) => {
      await loopsOf(ana).set_loop_member({ loop_id, user_id: ben.id, member: false })
    },
  ],
  [
    'does_not_see_the_loop_that_the_task_moved_to',
    async ({ ana }: Team, { task_id }: { task_id: string }) => {
      await tasksOf(ana).update_task({ task_id, loop_id: await privateLoop(env, ana, []) })
    },
  ],
  [
    'has_a_task_that_is_gone',
    async ({ ana }: Team, { task_id }: { task_id: string }) => {
      await tasksOf(ana).delete_task({ task_id })
    },
  ],
])('whoever_%s_while_the_mail_waits_does_not_get_it', async (_, change) => {
  const all = await team()
  const made = await approvedBy(all, all.ben, 'private')
  sink.misbehave(({ at }) => (at === 'rcpt' ? { reply: 451, text: 'not now' } : undefined))
  const third = (await vanish(all, made.task_id)).at(-1)
  if (!third) throw new Error('there are three')
  const refused = async () =>
    (await listed(env, all.ws, third.id)).filter(({ last_error }) => last_error !== null).length
  await expect.poll(refused, { timeout: 20_000 }).toBe(1)
  await change(all, made)
  sink.misbehave()
  const [row] = await caughtUp(env, all.ws, third.id, 1)
  expect(row).toMatchObject({ status: 'suppressed', last_error: 'no longer a member' })
  expect(mailsTo(all.ben)).toEqual([])
})

test('whoever_wants_no_mails_gets_none', async () => {
  const all = await team()
  const { task_id } = await approvedBy(all, all.ben, 'public')
  await mongo
    .database('notifier')
    .collection<{ _id: string }>('subscriptions')
    .insertOne({
      _id: `${all.ws}:${all.ben.id}`,
      ...{ ws: all.ws, v: 1, user_id: all.ben.id, wants: 'none', muted: [], email: all.ben.email },
      ...{ workspace_name: 'Acme', updated_at: new Date(), schema: 2 },
    })
  const third = (await vanish(all, task_id)).at(-1)
  const [row] = await caughtUp(env, all.ws, third?.id ?? '', 1)
  expect(row).toMatchObject({ status: 'suppressed', last_error: 'wants no mails' })
})
