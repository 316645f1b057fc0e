// Members whom a comment mentions get a mail: once, if they may see it and want to know, and never a flood.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newQuota } from '../../services/notifier/mention-rules.ts'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { allReactedTo, caughtUp, listed, openMailEnvironment, privateLoop } from '../support/pending-mails.ts'
import type { People, Someone } from '../support/people.ts'
import { ids, type TestEnvironment } from '../support/service-environment.ts'
import type { SinkMail, SmtpSink } from '../support/smtp-sink.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People

beforeAll(async () => {
  ;({ env, people, sink } = open.use(await openMailEnvironment(['tasks', 'loops-queue', 'notifier'])))
})
afterAll(() => open.disposeAsync())
beforeEach(() => sink.misbehave())

type Team = Readonly<{ ws: string; owner: Someone; ana: Someone; ben: Someone; cem: Someone }>
const team = async (): Promise<Team> => {
  const at = `${ids.next().toLowerCase()}.example`
  const { id, members } = await people.workspace('Acme', [
    { name: 'Olga', email: `olga@${at}` },
    { name: 'Ana López', email: `ana@${at}` },
    { name: 'Ben', email: `ben@${at}`, locale: 'de' },
    { name: 'Cem', email: `cem@${at}` },
  ])
  const [owner, ana, ben, cem] = members as [Someone, Someone, Someone, Someone]
  return { ws: id, owner, ana, ben, cem }
}
const tasksOf = ({ caller }: Someone) => env.as(tasks, caller)
const mailsTo = ({ email }: Someone): SinkMail[] => sink.mails.filter(({ to }) => to.includes(email))
const fileTask = async (by: Someone, loop_id?: string): Promise<string> =>
  (await tasksOf(by).create_task({ title: 'Retry the payment', ...(loop_id ? { loop_id } : {}) })).task.id

type On = Readonly<{ task_id: string } | { loop_id: string }>
/** Writes a comment. @returns its id and its event. */
const write = async ({ ws }: Team, by: Someone, on: On, text: string) => {
  const { comment } = await tasksOf(by).add_comment({ ...on, text })
  const is = ({ subject }: CloudEvent): boolean => subject === comment.id
  const event = (await env.events('tasks', ws, (published) => published.some(is))).find(is)
  if (!event) throw new Error('the comment is published')
  return { comment_id: comment.id, event }
}
const again = async (ws: string, event: CloudEvent): Promise<void> => {
  const subject = eventSubject('tasks', 'comment.added', ws)
  await env.bus.js.publish(subject, JSON.stringify(event), { msgID: ids.next() })
  await allReactedTo(env)
}

describe('a mention', () => {
  test('is_mailed_once_to_those_mentioned_and_not_to_the_writer', async () => {
    const all = await team()
    const task_id = await fileTask(all.ana)
    const text = `@Ben and @${all.cem.email}: is @Ana right? \`@Olga\``
    const { comment_id, event } = await write(all, all.ana, { task_id }, text)
    const rows = await caughtUp(env, all.ws, event.id, 2)
    expect(rows.map(({ user_id, status, about }) => [user_id, status, about]).toSorted()).toEqual(
      [all.ben, all.cem].map(({ id }) => [id, 'sent', 'Mention']).toSorted(),
    )
    await again(all.ws, event)
    await again(all.ws, event)
    expect([all.owner, all.ana, all.ben, all.cem].map((one) => mailsTo(one).length)).toEqual([0, 0, 1, 1])
    const [mail] = mailsTo(all.ben)
    expect(mail?.subject).toBe('Ana López hat dich erwähnt: Retry the payment')
    for (const said of [
      'is @Ana right?',
      'Test client',
      `/tasks/${task_id}?workspace=${all.ws}&comment=${comment_id}#comment-${comment_id}`,
    ])
      expect(mail?.text).toContain(said)
    expect(mail?.headers['list-unsubscribe']).toMatch(/\/u\/[\w-]+\?list=mentions>/)
    expect(mail?.headers['list-unsubscribe-post']).toBe('List-Unsubscribe=One-Click')
  })
  test('on_a_loop_leads_to_the_loop', async () => {
    const all = await team()
    const { loop } = await env.as(loopsQueue, all.ana.caller).create_loop({ name: 'Checkout' })
    const { comment_id, event } = await write(all, all.ana, { loop_id: loop.id }, 'Ready, @cem?')
    await caughtUp(env, all.ws, event.id, 1)
    const [mail] = mailsTo(all.cem)
    expect(mail?.subject).toBe('Ana López mentioned you: Checkout')
    expect(mail?.text).toContain(
      `/loops/${loop.id}?workspace=${all.ws}&comment=${comment_id}#comment-${comment_id}`,
    )
  })
  test('of_nobody_is_not_asked_about', async () => {
    const all = await team()
    const task_id = await fileTask(all.ana)
    const plain = await write(all, all.ana, { task_id }, `mail ${all.ben.email}, or read \`@Ben\``)
    expect(plain.event.data).not.toHaveProperty('may_mention')
    const stranger = await write(all, all.ana, { task_id }, '@Zoe is nobody here')
    expect(stranger.event.data).toMatchObject({ may_mention: true })
    await allReactedTo(env)
    for (const { event } of [plain, stranger]) expect(await listed(env, all.ws, event.id)).toEqual([])
  })
})

describe('in a private loop', () => {
  test('only_members_and_the_owner_are_mailed_and_no_trace_is_left_for_others', async () => {
    const all = await team()
    const loop_id = await privateLoop(env, all.ana, [all.ben.id])
    const text = '@Olga @Ben @Cem'
    for (const on of [{ loop_id }, { task_id: await fileTask(all.ana, loop_id) }]) {
      const { event } = await write(all, all.ana, on, text)
      const rows = await caughtUp(env, all.ws, event.id, 2)
      expect(rows.map(({ user_id, status }) => [user_id, status]).toSorted()).toEqual(
        [all.ben, all.owner].map(({ id }) => [id, 'sent']).toSorted(),
      )
    }
    expect(mailsTo(all.cem)).toEqual([])
    const own = await env.as(notifier, all.cem.caller).list_deliveries({ whose: 'mine' })
    expect(own.deliveries).toEqual([])
  })
  test.each([
    [
      'left_it',
      async ({ ana, ben }: Team, { loop_id }: { loop_id: string }) => {
        await env.as(loopsQueue, ana.caller).set_loop_member({ loop_id, user_id: ben.id, member: false })
      },
    ],
    [
      'was_mentioned_on_a_task_that_is_gone',
      async ({ ana }: Team, { task_id }: { task_id: string }) => {
        await tasksOf(ana).delete_task({ task_id })
      },
    ],
  ])('whoever_%s_while_the_mail_waits_does_not_get_it', async (_, change) => {
    const all = await team()
    const loop_id = await privateLoop(env, all.ana, [all.ben.id])
    const task_id = await fileTask(all.ana, loop_id)
    sink.misbehave(({ at }) => (at === 'rcpt' ? { reply: 451, text: 'not now' } : undefined))
    const { event } = await write(all, all.ana, { task_id }, '@Ben')
    const refused = async () =>
      (await listed(env, all.ws, event.id)).filter(({ last_error }) => last_error !== null).length
    await expect.poll(refused, { timeout: 20_000 }).toBe(1)
    await change(all, { loop_id, task_id })
    sink.misbehave()
    const [row] = await caughtUp(env, all.ws, event.id, 1)
    expect(row).toMatchObject({ status: 'suppressed', last_error: 'no longer a member' })
    expect(mailsTo(all.ben)).toEqual([])
  })
})

describe('by their choice', () => {
  test('whoever_wants_no_mails_about_mentions_gets_none_and_still_the_others', async () => {
    const all = await team()
    const mine = env.as(notifier, all.ben.caller)
    expect(await mine.get_my_subscription({})).toMatchObject({ wants: 'all', mentions: true })
    await mine.set_my_subscription({ mentions: false })
    expect(await mine.get_my_subscription({})).toMatchObject({ wants: 'all', mentions: false })
    const { event } = await write(all, all.ana, { task_id: await fileTask(all.ana) }, '@Ben @Cem')
    const rows = await caughtUp(env, all.ws, event.id, 2)
    expect(rows.find(({ user_id }) => user_id === all.ben.id)).toMatchObject({
      status: 'suppressed',
      last_error: 'wants no mails about mentions',
    })
    expect([mailsTo(all.ben).length, mailsTo(all.cem).length]).toEqual([0, 1])
  })
  test('whoever_wants_no_mails_at_all_gets_none_until_they_ask_for_mentions', async () => {
    const all = await team()
    const mine = env.as(notifier, all.ben.caller)
    await mine.set_my_subscription({ wants: 'none' })
    expect(await mine.get_my_subscription({})).toMatchObject({ wants: 'none', mentions: false })
    const first = await write(all, all.ana, { task_id: await fileTask(all.ana) }, '@Ben')
    expect(await caughtUp(env, all.ws, first.event.id, 1)).toMatchObject([{ status: 'suppressed' }])
    await mine.set_my_subscription({ mentions: true })
    const second = await write(all, all.ana, { task_id: await fileTask(all.ana) }, '@Ben')
    expect(await caughtUp(env, all.ws, second.event.id, 1)).toMatchObject([{ status: 'sent' }])
    expect(mailsTo(all.ben)).toHaveLength(1)
  })
})

test('many_comments_on_a_task_are_one_mail_in_ten_minutes_and_the_rest_say_why', async () => {
  const all = await team()
  const [task_id, other] = [await fileTask(all.ana), await fileTask(all.ana)]
  const written = await Promise.all(
    Array.from({ length: 12 }, (_, n) => write(all, all.ana, { task_id }, `@Ben, step ${n}`)),
  )
  const elsewhere = await write(all, all.ana, { task_id: other }, '@Ben, and this')
  const rows = await Promise.all(
    written.map(async ({ event }) => {
      const [row] = await caughtUp(env, all.ws, event.id, 1)
      return { span: newQuota(all.ws, all.ben.id, new Date(event.time))._id, row }
    }),
  )
  for (const [, inSpan] of Map.groupBy(rows, ({ span }) => span))
    expect(inSpan.filter(({ row }) => row?.status === 'sent')).toHaveLength(1)
  for (const { row } of rows)
    if (row?.status !== 'sent')
      expect(row?.last_error).toBe('was mailed about a mention there within ten minutes')
  expect(await caughtUp(env, all.ws, elsewhere.event.id, 1)).toMatchObject([{ status: 'sent' }])
  const spans = new Set(rows.map(({ span }) => span)).size
  expect(mailsTo(all.ben)).toHaveLength(spans + 1)
})
