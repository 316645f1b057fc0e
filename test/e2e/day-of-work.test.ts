// The main job on real input, and what must be true at the end. Sixty tasks, two people, four agents, two of each
// service.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DevMail } from '../../shared/contracts/notifier/shapes.ts'
import { LOOPS } from '../demo/backlog.ts'
import { type Day, dayOfWork } from '../demo/day-of-work.ts'
import { awaitMails, type Office, openOffice, readMails } from '../demo/office.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let office: Office
let day: Day
let shipMails: readonly DevMail[]
const isInvitation = ({ text }: DevMail): boolean => text.includes('/invitations/')
const isShipped = ({ subject }: DevMail): boolean => subject.startsWith('Shipped: ')
const names = (loopIds: readonly string[]): (string | undefined)[] =>
  loopIds.map((id) => LOOPS.find(({ key }) => day.loops[key] === id)?.name)

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  const say = (line: string): void => console.log(line)
  office = await openOffice(system.url, 'test', say)
  day = await dayOfWork(office.team, say)
  shipMails = await awaitMails(system.url, 3, isShipped)
})
afterAll(async () => {
  await office?.[Symbol.asyncDispose]()
  await system?.stop()
})

test('every_text_is_kept_as_it_was_written', async () => {
  for (const item of day.filed) {
    const { task } = await office.team.planner.call('get_task', { task_id: item.id })
    expect(task).toMatchObject({
      title: item.title,
      body: item.body,
      priority: item.priority,
      due_date: item.due_date,
    })
    expect(task.author).toMatchObject({ name: office.owner.name, client: 'Claude Code (planner)' })
  }
})

test('each_approved_task_of_a_loop_was_done_once', async () => {
  const expected = day.filed
    .filter(({ loop, triage }) => loop !== 'none' && triage === 'approve')
    .map(({ id }) => id)
  expect(day.implemented.map(({ task_id }) => task_id).toSorted()).toEqual(expected.toSorted())
  expect(new Set(day.implemented.map(({ by }) => by))).toEqual(
    new Set(['Codex (builder)', 'Cursor (builder)']),
  )
  const privates = new Set(day.filed.filter(({ loop }) => loop === 'fraud').map(({ id }) => id))
  expect(
    day.implemented.filter(({ task_id, by }) => privates.has(task_id) && by === 'Cursor (builder)'),
  ).toEqual([])
})

test('the_first_work_was_the_first_loop’s_most_urgent', () => {
  const urgent = day.filed
    .filter(({ loop, priority }) => loop === 'checkout' && priority === 'urgent')
    .map(({ id }) => id)
  expect(day.raced.filter(({ task_id }) => urgent.includes(task_id))).not.toEqual([])
})

test('agents_that_asked_at_the_same_moment_were_given_a_task_each', () => {
  expect(new Set(day.raced.map(({ by }) => by)).size).toBe(3)
  expect(new Set(day.raced.map(({ task_id }) => task_id)).size).toBe(3)
})

test('what_an_agent_left_in_the_middle_was_done_by_another_who_was_told_how_far_it_had_come', async () => {
  const { task_id, by } = day.abandoned
  expect(by).toBe('Gemini CLI (builder)')
  const { task, comments } = await office.team.planner.call('get_task', { task_id })
  expect(task).toMatchObject({ status: 'shipped' })
  expect(day.implemented.find((one) => one.task_id === task_id)?.by).not.toBe(by)
  expect(comments.map(({ text }) => text)).toEqual([
    expect.stringContaining('took this task over'),
    expect.stringContaining('The change is on the branch.'),
    expect.stringContaining('ok 1 - '),
  ])
})

test('the_queue_was_in_the_requested_order', () => {
  expect(names(day.order)).toEqual([
    'Checkout that never loses a seat',
    'Everyone can book',
    'Fraud rules',
    'A timetable that is true',
    'Night boat to Kiel',
  ])
})

test('the_queue_has_what_was_not_shipped_in_its_order', async () => {
  const { loops } = await office.team.planner.call('get_loop_queue', {})
  expect(loops.map(({ name, priority }) => [name, priority])).toEqual([
    ['Everyone can book', 0],
    ['A timetable that is true', 1],
    ['Night boat to Kiel', 2],
  ])
})

test('nothing_is_left_to_do', async () => {
  const work = await office.team.planner.call('get_next_work', {})
  expect(work).toMatchObject({ loop: null, tasks: [], reason: 'nothing_approved' })
  expect(work.workspace.ai_context).toContain('whole øre')
})

test('the_statistics_are_the_backlog’s', async () => {
  const count = (pick: (item: Day['filed'][number]) => boolean): number => day.filed.filter(pick).length
  const inLoop = count(({ loop, triage }) => loop !== 'none' && triage === 'approve')
  const stats = await office.team.planner.call('get_queue_stats', {})
  expect(stats.loops).toEqual({ total: 5, active: 3, on_hold: 0, shipped: 2 })
  expect(stats.loops_with_work_ready).toBe(0)
  expect(stats.tasks).toEqual({
    total: 60,
    open: count(({ triage }) => triage === 'open'),
    approved: count(({ loop, triage }) => loop === 'none' && triage === 'approve'),
    in_progress: 0,
    on_hold: count(({ triage }) => triage === 'hold'),
    shipped: inLoop,
    rejected: count(({ triage }) => triage === 'reject'),
  })
  expect(stats.unassigned_tasks.total).toBe(count(({ loop }) => loop === 'none'))
})

test('unfinished_tasks_were_named_when_their_loop_shipped', () => {
  const held = (key: string): string[] =>
    day.filed.filter(({ loop, triage }) => loop === key && triage === 'hold').map(({ id }) => id)
  expect(day.shippedFirst.unfinished).toEqual(held('checkout'))
  expect(day.shippedPrivate.unfinished).toEqual(held('fraud'))
})

test('each_member_has_one_mail_for_each_of_their_loops', async () => {
  const got = shipMails.map(({ to, subject }) => `${to.match(/\w+(?=\.test@)/)?.[0]}: ${subject}`).toSorted()
  expect(got).toEqual([
    'maren: Shipped: Checkout that never loses a seat',
    'maren: Shipped: Fraud rules',
    'tarek: Shipped: Checkout that never loses a seat',
  ])
  const again = await office.team.planner.call('ship_loop', { loop_id: day.shippedFirst.loop_id })
  expect(again.already_shipped).toBe(true)
  const all = await readMails(system.url)
  expect(all.filter(isShipped)).toHaveLength(3)
  expect(all.filter(isInvitation)).toHaveLength(1)
})

test('the_mail_says_what_shipped_what_did_not_and_who_did_it', () => {
  const mail = shipMails.find(({ to, subject }) => to.includes('tarek') && subject.includes('Checkout'))
  for (const part of [mail?.text, mail?.html]) {
    expect(part).toContain('Keep the basket when the session ends')
    expect(part).toContain('Pay later by invoice for schools')
    expect(part).toContain('Maren Åsnes')
  }
})

test('the_private_loop_leaves_no_trace_for_the_other_person', async () => {
  const { builderOfMember: theirs } = office.team
  const secrets = day.filed.filter(({ loop }) => loop === 'fraud')
  const { loops } = await theirs.call('list_loops', {})
  const { tasks } = await theirs.call('list_tasks', { scope: 'all', limit: 200 })
  const stats = await theirs.call('get_queue_stats', {})
  expect(loops.map(({ name }) => name)).not.toContain('Fraud rules')
  expect(tasks.filter(({ id }) => secrets.some((secret) => secret.id === id))).toEqual([])
  expect(stats).toMatchObject({ loops: { total: 4, shipped: 1 }, tasks: { total: 60 - secrets.length } })
  await expect(theirs.call('get_loop', { loop_id: day.loops.fraud as string })).rejects.toMatchObject({
    code: 'not_found',
  })
  await expect(theirs.call('get_task', { task_id: secrets[0]?.id as string })).rejects.toMatchObject({
    code: 'not_found',
  })
  const everything = JSON.stringify([
    loops,
    tasks,
    await theirs.call('get_loop_queue', {}),
    await theirs.call('get_next_work', {}),
  ])
  for (const { title } of secrets) expect(everything).not.toContain(title)
  const theirMails = (await readMails(system.url)).filter(({ to }) => to.includes('tarek'))
  expect(JSON.stringify(theirMails)).not.toContain('Fraud rules')
})
