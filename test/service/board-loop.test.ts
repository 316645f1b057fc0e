// The page of a loop over HTTP, as a browser without scripts shows it: what it says, its forms, and whom they refuse.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partsOf } from '../../shared/process/parallel.ts'
import {
  type Account,
  agentOf,
  asksToSignIn,
  joinWorkspace,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
let bo: Account
let vi: Account
let agent: McpClient

beforeAll(async () => {
  system = await startSystem()
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  vi = await joinWorkspace(system, ann, { name: 'Vi', role: 'viewer' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** What no text of a person may become. */
const DANGEROUS = /<(script>|img|mj-|b>|style|iframe|h1>owned)|"onmouseover/
const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'

type NewLoop = Readonly<{ name?: string; visibility?: 'public' | 'private' }>
const makeLoop = async ({ name = 'Search', ...more }: NewLoop = {}): Promise<string> =>
  (await agent.call('create_loop', { name, ...more })).loop.id
const loopOf = async (loop_id: string) => (await agent.call('get_loop', { loop_id })).loop
const file = async (loop_id: string, title: string, more: Readonly<Record<string, unknown>> = {}) =>
  (await agent.call('create_task', { title, loop_id, ...more })).task

/** The ids of the cards of a column, in their order. */
const cardsIn = (text: string, status: string): string[] => {
  const [, column = ''] = new RegExp(`id="column-${status}"(.*?)</section>`, 's').exec(text) ?? []
  return [...column.matchAll(/<li class="task-card" id="task-(\w+)"/g)].map(([, id = '']) => id)
}
/** The version that the first form with a field carries. */
const versionIn = (text: string): string => /name="expected_version" value="(\d+)"/.exec(text)?.[1] ?? 'none'

describe('the columns of a loop', () => {
  test('hold_its_tasks_by_status_in_order_of_work_with_their_counts', async () => {
    const id = await makeLoop()
    const low = await file(id, 'Low', { priority: 'low' })
    const late = await file(id, 'Late', { due_date: '2020-02-01' })
    const urgent = await file(id, 'Urgent', { priority: 'urgent', labels: ['api'] })
    const approved = await file(id, 'Approved', { blocked_by: [low.id] })
    await agent.call('update_task', { task_id: approved.id, status: 'approved' })
    const { text, status } = await ann.browser.open(`/loops/${id}`)
    expect(status).toBe(200)
    expect(cardsIn(text, 'open')).toEqual([urgent.id, low.id, late.id])
    expect(cardsIn(text, 'approved')).toEqual([approved.id])
    expect(text).toMatch(/id="column-open-title">.*?<span class="count">3<\/span>/s)
    expect(text).toContain('overdue since Feb 1, 2020')
    expect(text).toContain('waits for 1 task')
    expect(text).toContain('>api<')
  })

  test('show_the_first_of_many_and_lead_to_the_rest', async () => {
    const id = await makeLoop()
    for (let part = 0; part < 3; part += 1) {
      const tasks = Array.from({ length: 15 }, (_, index) => ({ title: `Task ${part}-${index}` }))
      await agent.call('create_tasks', { tasks, loop_id: id })
    }
    const page = await ann.browser.open(`/loops/${id}`)
    const first = cardsIn(page.text, 'open')
    expect(first).toHaveLength(20)
    // Counts may be a moment behind.
    const shown = async () => (await ann.browser.open(`/loops/${id}`)).text
    await expect.poll(shown, { timeout: 20_000 }).toContain('25 more')
    const alone = await ann.browser.open(`/loops/${id}?status=open`)
    expect(cardsIn(alone.text, 'open')).toHaveLength(45)
    expect(cardsIn(alone.text, 'open').slice(0, 20)).toEqual(first)
  })

  test('say_what_comes_next_where_there_is_no_task', async () => {
    const id = await makeLoop()
    expect((await ann.browser.open(`/loops/${id}`)).text).toContain('No tasks yet')
    expect((await vi.browser.open(`/loops/${id}`)).text).toContain('Nobody has filed a task')
  })

  test('move_a_task_by_the_form_of_its_card_and_take_it_back', async () => {
    const [id, other] = [await makeLoop(), await makeLoop({ name: 'Other' })]
    const task = await file(id, 'Move me')
    const from = `/loops/${id}`
    const fields = { expected_version: String(task.version), from }
    const moved = await ann.browser.submit(`/tasks/${task.id}`, { ...fields, status: 'approved' })
    expect(moved.url.pathname).toBe(from)
    expect(cardsIn(moved.text, 'approved')).toEqual([task.id])
    const undone = await ann.browser.submit('/undo', {})
    expect(undone.text).toContain('Undone.')
    expect(cardsIn((await ann.browser.open(from)).text, 'open')).toEqual([task.id])

    const asked = await ann.browser.open(`${from}?move=${task.id}`)
    expect(asked.text).toContain(`<option value="${other}">Other</option>`)
    const fresh = { expected_version: versionIn(asked.text), from }
    await ann.browser.submit(`/tasks/${task.id}`, { ...fresh, loop_id: other })
    expect(cardsIn((await ann.browser.open(`/loops/${other}`)).text, 'open')).toEqual([task.id])
  })

  test('show_the_loop_again_where_a_task_has_changed_meanwhile', async () => {
    const id = await makeLoop()
    const task = await file(id, 'Contested')
    await agent.call('update_task', { task_id: task.id, status: 'rejected' })
    const fields = { expected_version: String(task.version), seen_status: 'open', from: `/loops/${id}` }
    const { status, text } = await bo.browser.submit(`/tasks/${task.id}`, { ...fields, status: 'on_hold' })
    expect(status).toBe(409)
    expect(text).toMatch(/role="alert"[^>]*>[^<]*Contested/)
    expect(cardsIn(text, 'rejected')).toEqual([task.id])
  })
})

describe('the forms of a loop', () => {
  test('put_it_on_hold_and_back_and_undo_either', async () => {
    const id = await makeLoop()
    const page = await ann.browser.open(`/loops/${id}`)
    const held = await ann.browser.submit(`/loops/${id}`, {
      hold: 'true',
      expected_version: versionIn(page.text),
    })
    expect(held.text).toContain('This loop is on hold')
    expect((await loopOf(id)).status).toBe('on_hold')
    await ann.browser.submit('/undo', {})
    expect((await loopOf(id)).status).toBe('active')
    await ann.browser.submit(`/loops/${id}`, { hold: 'true' })
    await ann.browser.submit(`/loops/${id}`, { reopen: 'true' })
    expect((await loopOf(id)).status).toBe('active')
  })

  test('change_its_texts_which_are_shown_as_markdown', async () => {
    const id = await makeLoop()
    const { text } = await ann.browser.submit(`/loops/${id}`, {
      name: 'Renamed',
      description: 'Find **words**\r\nof all kinds',
      ai_context: '- run the tests',
      expected_version: '1',
    })
    expect(text).toContain('<h1>Renamed</h1>')
    expect(text).toContain('<strong>words</strong>')
    expect(text).toContain('<li>run the tests</li>')
    expect((await loopOf(id)).description).toBe('Find **words**\nof all kinds')
  })

  test('show_both_texts_where_somebody_else_was_quicker_and_then_save', async () => {
    const id = await makeLoop()
    await agent.call('update_loop', { loop_id: id, description: 'Theirs <now>' })
    const typed = { name: 'Search', description: 'Mine', ai_context: 'And this' }
    const { status, text } = await ann.browser.submit(`/loops/${id}`, { ...typed, expected_version: '1' })
    expect(status).toBe(409)
    expect(text).toContain('role="alert"')
    expect(text).toContain('Theirs &lt;now&gt;</pre>')
    expect(text).toContain('Mine</textarea>')
    expect(text).toContain('And this</textarea>')
    expect((await loopOf(id)).description).toBe('Theirs <now>')
    const [, edit = ''] = /id="edit-form"(.*?)<\/form>/s.exec(text) ?? []
    await ann.browser.submit(`/loops/${id}`, { ...typed, expected_version: versionIn(edit) })
    expect(await loopOf(id)).toMatchObject({ description: 'Mine', ai_context: 'And this' })
  })

  test('keep_what_was_typed_where_a_text_is_too_long', async () => {
    const id = await makeLoop()
    const description = `too long ${'x'.repeat(4_001)}`
    const { status, text } = await ann.browser.submit(`/loops/${id}`, { description })
    expect(status).toBe(422)
    expect(text).toContain(`${description}</textarea>`)
  })

  test('write_a_comment_once_however_often_it_is_sent', async () => {
    const id = await makeLoop()
    const page = await ann.browser.open(`/loops/${id}`)
    const [, once = ''] = /name="once" value="(\w+)"/.exec(page.text) ?? []
    for (let times = 0; times < 2; times += 1)
      await ann.browser.submit(`/loops/${id}`, { text: 'What about *dates*?', once })
    const { comments_total } = await agent.call('get_loop', { loop_id: id })
    expect(comments_total).toBe(1)
    expect((await bo.browser.open(`/loops/${id}`)).text).toContain('What about <em>dates</em>?')
  })

  test('leave_their_mark_in_the_activity_of_the_loop', async () => {
    const id = await makeLoop({ name: 'Remembered' })
    await ann.browser.submit(`/loops/${id}`, { hold: 'true' })
    const { text } = await bo.browser.open(`/loops/${id}`)
    const [, activity = ''] = /id="activity">(.*?)<\/details>/s.exec(text) ?? []
    expect(activity.match(/<li/g)).toHaveLength(2)
    expect(activity).toContain('Remembered')
  })

  test('say_so_where_a_comment_is_empty', async () => {
    const id = await makeLoop()
    const { status, text } = await ann.browser.submit(`/loops/${id}`, { text: ' ' })
    expect([status, text.includes('role="alert"')]).toEqual([400, true])
  })
})

describe('the page of a loop refuses', () => {
  const FORMS: readonly Readonly<Record<string, string>>[] = [
    { name: 'Taken over' },
    { hold: 'true' },
    { text: 'A comment' },
    { user_id: NOWHERE, member: 'true' },
  ]
  test.each(FORMS)('a_viewer: %o', async (form) => {
    const id = await makeLoop()
    const before = await agent.call('get_loop', { loop_id: id })
    const page = await vi.browser.open(`/loops/${id}`)
    expect(/<main.*<\/main>/s.exec(page.text)?.[0]).not.toContain('<form')
    expect((await vi.browser.submit(`/loops/${id}`, form)).status).toBe(403)
    expect(await agent.call('get_loop', { loop_id: id })).toEqual(before)
  })

  test.each(FORMS)('nobody_in_particular: %o', async (form) => {
    const id = await makeLoop()
    const stranger = openBrowser(system.url)
    expect((await stranger.open(`/loops/${id}`)).url.pathname).toBe('/sign-in')
    expect(asksToSignIn(await stranger.submit(`/loops/${id}`, form))).toBe(true)
    expect(await loopOf(id)).toMatchObject({ name: 'Search', status: 'active', version: 1 })
  })

  test.each(FORMS)('those_of_another_workspace_as_if_it_were_not_there: %o', async (form) => {
    const id = await makeLoop()
    const eve = await signUp(system, { name: 'Eve' })
    const withoutId = (text: string) => text.replaceAll(id, 'ID').replaceAll(NOWHERE, 'ID')
    const [there, nowhere] = [
      await eve.browser.submit(`/loops/${id}`, form),
      await eve.browser.submit(`/loops/${NOWHERE}`, form),
    ]
    expect([there.status, nowhere.status]).toEqual([404, 404])
    expect(withoutId(there.text)).toBe(withoutId(nowhere.text))
    expect(await loopOf(id)).toMatchObject({ name: 'Search', status: 'active', version: 1 })
  })

  test('those_who_are_not_in_a_private_loop_as_if_it_were_not_there', async () => {
    const id = await makeLoop({ name: 'Secret plans', visibility: 'private' })
    const [there, nowhere] = [
      await bo.browser.open(`/loops/${id}`),
      await bo.browser.open(`/loops/${NOWHERE}`),
    ]
    expect([there.status, nowhere.status]).toEqual([404, 404])
    expect(there.text.replaceAll(id, 'ID')).toBe(nowhere.text.replaceAll(NOWHERE, 'ID'))
  })

  test('to_change_a_loop_that_has_changed_since', async () => {
    const id = await makeLoop()
    await agent.call('update_loop', { loop_id: id, name: 'Changed' })
    const { status, text } = await ann.browser.submit(`/loops/${id}`, { hold: 'true', expected_version: '1' })
    expect([status, text.includes('role="alert"')]).toEqual([409, true])
    expect((await loopOf(id)).status).toBe('active')
  })
})

test('the_link_of_a_mail_shows_the_loop_in_its_workspace', async () => {
  const id = await makeLoop({ name: 'From a mail' })
  const { workspace } = await agent.call('get_workspace', {})
  const arrived = await bo.browser.open(`/loops/${id}?workspace=${workspace.id}`)
  expect(arrived.url.search).toBe('')
  expect(arrived.text).toContain('<h1>From a mail</h1>')
})

test('hostile_texts_stay_texts', async () => {
  const titles = HOSTILE_TEXTS.map((text) =>
    [...text.replaceAll('\0', '').toWellFormed()].slice(0, 200).join(''),
  )
  const id = await makeLoop()
  for (const part of partsOf(titles, 12)) {
    const tasks = part.map((title) => ({ title, labels: ['<b>label</b>'] }))
    await agent.call('create_tasks', { tasks, loop_id: id })
  }
  await agent.call('add_comment', { loop_id: id, text: titles.join('\n\n') })
  const { text, status } = await ann.browser.open(`/loops/${id}?status=open`)
  expect(status).toBe(200)
  expect(cardsIn(text, 'open')).toHaveLength(titles.length)
  expect(text).not.toMatch(DANGEROUS)
  expect((await ann.browser.open(`/loops/${id}`)).text).not.toMatch(DANGEROUS)
})
