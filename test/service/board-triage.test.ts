// The triage page over HTTP, as a browser without scripts uses it: what it shows to whom, its forms, conflicts and undo.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Account,
  type Arrived,
  agentOf,
  joinWorkspace,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'

let system: System
let ann: Account
let bo: Account
let vi: Account
let agent: McpClient

beforeAll(async () => {
  system = await startSystem()
  ann = await signUp(system, { name: 'Ann' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  vi = await joinWorkspace(system, ann, { name: 'Vi', role: 'viewer' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.stop()
})

const file = async (title: string, more: object = {}) =>
  (await agent.call('create_task', { title, ...more })).task as { id: string; version: number }
const statusOf = async (task_id: string): Promise<string> =>
  (await agent.call('get_task', { task_id })).task.status

/** The fields of a form on a page, as a browser would send them with one of its buttons. */
const fieldsIn = ({ text }: Arrived, action: string): Record<string, string> => {
  const at = text.indexOf(`action="${action}"`)
  const form = text.slice(at, text.indexOf('</form>', at))
  const inputs = [...form.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)]
  return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, value.replaceAll('&amp;', '&')]))
}
const triage = (account: Account, query = '') => account.browser.open(`/triage${query}`)
const decide = async (account: Account, id: string, fields: Record<string, string>, page?: Arrived) => {
  const shown = page ?? (await triage(account, `?task=${id}`))
  return account.browser.submit(`/tasks/${id}`, { ...fieldsIn(shown, `/tasks/${id}`), ...fields })
}

/** What the note of a page says was done. */
const noteOf = ({ text }: Arrived): string =>
  (/<div class="done"[\s\S]*?<\/div>/.exec(text)?.[0] ?? '').replaceAll(/<[^>]*>/g, '').trim()
const alertOf = ({ text }: Arrived): string =>
  (/<p [^>]*role="alert"[\s\S]*?<\/p>/.exec(text)?.[0] ?? '').replaceAll(/<[^>]*>/g, '')
/** The id of the task beside the list. */
const shownIn = ({ text }: Arrived): string | undefined => /id="pane-(\w+)"/.exec(text)?.[1]
const listedIn = ({ text }: Arrived): string[] =>
  [...text.matchAll(/<li id="task-(\w+)"/g)].map(([, id]) => id ?? '')

describe('the list', () => {
  test('has_every_open_task_in_loops_and_in_none_newest_first_beside_the_first', async () => {
    const loop_id = (await agent.call('create_loop', { name: 'A loop' })).loop.id
    const [old, inLoop, done] = [
      await file('Old', { priority: 'high', due_date: '2026-12-01' }),
      await file('In a loop', { loop_id, body: '**Bold**', labels: ['web'] }),
      await file('Decided'),
    ]
    await agent.call('update_task', { task_id: done.id, status: 'rejected' })
    const page = await triage(ann)
    expect(page.status).toBe(200)
    expect(listedIn(page).slice(0, 2)).toEqual([inLoop.id, old.id])
    expect(listedIn(page)).not.toContain(done.id)
    expect(shownIn(page)).toBe(inLoop.id)
    expect(page.text).toContain('<strong>Bold</strong>')
    for (const said of ['A loop', 'web', 'High', 'Dec 1, 2026', 'Ann']) expect(page.text).toContain(said)
    expect(shownIn(await triage(ann, `?task=${old.id}`))).toBe(old.id)
  })

  test('is_without_forms_for_a_viewer', async () => {
    const { id } = await file('Looked at')
    const page = await triage(vi, `?task=${id}`)
    const main = /<main[\s\S]*<\/main>/.exec(page.text)?.[0] ?? ''
    expect(listedIn(page)).toContain(id)
    expect(main).not.toContain('<form')
    expect(main).not.toContain('<input')
    const refused = await vi.browser.submit(`/tasks/${id}`, { status: 'approved', from: '/triage' })
    expect(refused.status).toBe(403)
    expect((await vi.browser.submit('/triage', { task_ids: [id], status: 'approved' })).status).toBe(403)
    expect(await statusOf(id)).toBe('open')
  })

  test('hides_the_tasks_of_private_loops_from_those_who_do_not_see_them', async () => {
    const loop_id = (await agent.call('create_loop', { name: 'Secret', visibility: 'private' })).loop.id
    const { id } = await file('Hidden task', { loop_id })
    expect((await triage(ann)).text).toContain('Hidden task')
    const [unseen, unknown] = [await triage(bo, `?task=${id}`), await triage(bo, `?task=${NOWHERE}`)]
    expect(unseen.text).not.toContain('Hidden task')
    expect(unseen.text).not.toContain('Secret')
    expect(unseen.text.replaceAll(id, NOWHERE).length).toBe(unknown.text.length)
    for (const task of [id, NOWHERE]) {
      const answer = await bo.browser.submit(`/tasks/${task}`, { status: 'rejected', from: '/triage' })
      expect([answer.status, alertOf(answer).replace(task, '')]).toEqual([
        404,
        expect.stringContaining('no task'),
      ])
    }
  })

  test('is_for_nobody_else', async () => {
    const { id } = await file('Guarded')
    const nobody = openBrowser(system.url)
    expect((await nobody.open('/triage')).url.pathname).toBe('/sign-in')
    expect((await nobody.submit(`/tasks/${id}`, { status: 'approved' })).url.pathname).toBe('/sign-in')
    const eve = await signUp(system, { name: 'Eve' })
    expect((await eve.browser.submit(`/tasks/${id}`, { status: 'rejected', from: '/triage' })).status).toBe(
      404,
    )
    expect((await eve.browser.submit('/triage', { task_ids: [id], status: 'rejected' })).status).not.toBe(500)
    for (const path of [`/tasks/${id}`, '/triage'])
      expect(
        (
          await fetch(`${system.url}${path}`, {
            method: 'POST',
            headers: { origin: 'https://evil.example' },
            body: new URLSearchParams({ status: 'approved', task_ids: id }),
          })
        ).status,
      ).toBe(403)
    expect(await statusOf(id)).toBe('open')
  })

  test('escapes_what_people_wrote', async () => {
    for (const hostile of HOSTILE_TEXTS) {
      const body = hostile.replaceAll('\0', '').toWellFormed()
      const title = body.slice(0, 150).toWellFormed()
      const { id } = await file(title, { body })
      await agent.call('add_comment', { task_id: id, text: title })
      const { text } = await triage(ann, `?task=${id}`)
      const main = /<main[\s\S]*<\/main>/.exec(text)?.[0] ?? ''
      expect(main).not.toMatch(/<(script|img|iframe|h1>owned)/i)
      expect(main.replaceAll(/&[a-z0-9#]+;/gi, '')).not.toMatch(/<[^>]*\sonmouseover=/i)
      await agent.call('delete_task', { task_id: id })
    }
  })
})

describe('a decision', () => {
  test('leads_on_to_the_task_behind_it_and_can_be_undone', async () => {
    const [third, second, first] = [await file('Third'), await file('Second'), await file('First')]
    const approved = await decide(bo, first.id, { status: 'approved' })
    expect(noteOf(approved)).toMatch(/^Approved “First”\.\s+Undo$/)
    expect([shownIn(approved), listedIn(approved)[0]]).toEqual([second.id, second.id])
    expect(approved.text).toContain(`id="offer-${first.id}"`)
    const undone = await bo.browser.submit('/undo', {})
    expect(noteOf(undone)).toContain('Undone.')
    expect(await statusOf(first.id)).toBe('open')
    await decide(bo, second.id, { status: 'rejected' })
    expect(shownIn(await decide(bo, third.id, { status: 'on_hold' }))).not.toBe(third.id)
    expect([await statusOf(second.id), await statusOf(third.id)]).toEqual(['rejected', 'on_hold'])
  })

  test('in_the_list_leaves_the_task_beside_it_where_it_is', async () => {
    const [other, shown] = [await file('Other'), await file('Shown')]
    const page = await triage(bo, `?task=${shown.id}`)
    const answer = await bo.browser.submit(`/tasks/${other.id}`, {
      ...fieldsIn(page, `/tasks/${other.id}`),
      status: 'approved',
    })
    expect(shownIn(answer)).toBe(shown.id)
    expect(await statusOf(other.id)).toBe('approved')
  })

  test('of_what_somebody_has_decided_meanwhile_says_who_and_goes_on', async () => {
    const [behind, raced] = [await file('Behind'), await file('Raced')]
    const page = await triage(bo, `?task=${raced.id}`)
    await decide(ann, raced.id, { status: 'rejected' })
    const answer = await decide(bo, raced.id, { status: 'approved' }, page)
    expect(answer.status).toBe(409)
    expect(alertOf(answer)).toBe('Ann was quicker: “Raced” is rejected now. Nothing was changed.')
    expect(shownIn(answer)).toBe(behind.id)
    expect(await statusOf(raced.id)).toBe('rejected')
  })

  test('about_a_text_that_has_changed_is_asked_for_again', async () => {
    const { id } = await file('Reworded')
    const page = await triage(bo, `?task=${id}`)
    await agent.call('update_task', { task_id: id, body: 'Do something else' })
    const answer = await decide(bo, id, { status: 'approved' }, page)
    expect([answer.status, shownIn(answer)]).toEqual([409, id])
    expect(alertOf(answer)).toContain('“Reworded” was changed meanwhile')
    expect(answer.text).toContain('Do something else')
    await decide(bo, id, { status: 'approved' }, answer)
    expect(await statusOf(id)).toBe('approved')
  })

  test('moves_into_a_loop_and_approves_in_one_step_and_both_are_undone', async () => {
    const loop_id = (await agent.call('create_loop', { name: 'Next cycle' })).loop.id
    const { id } = await file('Moved')
    const moved = await decide(bo, id, { loop_id, status: 'approved' })
    expect(noteOf(moved)).toContain('Moved “Moved” into Next cycle. Approved “Moved”.')
    expect(moved.text).not.toContain(`id="offer-${id}"`)
    await bo.browser.submit('/undo', {})
    expect((await agent.call('get_task', { task_id: id })).task).toMatchObject({
      status: 'open',
      loop_id: null,
    })
  })

  test('on_priority_and_due_date_keeps_the_task_and_can_be_undone', async () => {
    const { id } = await file('Dated', { due_date: '2026-05-01' })
    const taskNow = async () => (await agent.call('get_task', { task_id: id })).task
    expect(shownIn(await decide(bo, id, { priority: 'urgent' }))).toBe(id)
    expect(noteOf(await decide(bo, id, { due_date: '2027-01-31' }))).toContain('is due Jan 31, 2027')
    expect(await taskNow()).toMatchObject({ priority: 'urgent', due_date: '2027-01-31' })
    await bo.browser.submit('/undo', {})
    expect(await taskNow()).toMatchObject({ due_date: '2026-05-01' })
    expect(noteOf(await decide(bo, id, { due_date: '' }))).toContain('has no due date now')
  })

  test('never_leads_to_another_site', async () => {
    for (const from of [
      'https://evil.example/',
      '//evil.example/',
      '/\\evil.example',
      'javascript:alert(1)',
    ]) {
      const { id } = await file('Sent from elsewhere')
      const answer = await bo.browser.submit(`/tasks/${id}`, { status: 'rejected', from })
      expect(answer.url.origin).toBe(system.url)
    }
  })
})

describe('a text', () => {
  test('is_edited_and_comments_are_written_once', async () => {
    const { id } = await file('Draft', { body: 'before' })
    const edited = await decide(bo, id, { title: 'Final', body: 'a\r\nb' })
    expect([shownIn(edited), noteOf(edited)]).toEqual([id, 'Saved “Final”.'])
    const fields = { text: 'Looks *good*', once: '01JDAAAAAAAAAAAAAAAAAAAAAB' }
    await decide(bo, id, fields)
    expect((await decide(bo, id, fields)).text).toContain('Looks *good*')
    const { task, comments } = await agent.call('get_task', { task_id: id })
    expect([task.body, comments.length]).toEqual(['a\nb', 1])
  })

  test('that_somebody_else_has_changed_is_shown_beside_what_was_typed', async () => {
    const { id } = await file('Both', { body: 'first' })
    const page = await triage(bo, `?task=${id}`)
    await agent.call('update_task', { task_id: id, body: 'theirs' })
    const answer = await decide(bo, id, { title: 'Both', body: 'mine <b>' }, page)
    expect(answer.status).toBe(409)
    expect(answer.text).toContain('<pre dir="auto" tabindex="0">theirs</pre>')
    expect(answer.text).toContain('mine &lt;b&gt;</textarea>')
    await decide(bo, id, { title: 'Both', body: 'mine <b>' }, answer)
    expect((await agent.call('get_task', { task_id: id })).task.body).toBe('mine <b>')
  })

  test('that_is_refused_is_not_lost', async () => {
    const { id } = await file('Kept')
    const long = `${'x'.repeat(16 * 1024)} and more`
    const answer = await decide(bo, id, { text: long })
    expect(answer.status).toBe(422)
    expect(alertOf(answer)).toContain('limit')
    expect(answer.text).toContain(`${long}</textarea>`)
    const empty = await decide(bo, id, { title: ' ', body: 'Kept too' })
    expect([empty.status, empty.text.includes('Kept too</textarea>')]).toEqual([400, true])
  })

  test('that_is_long_is_cut_and_edited_on_its_own_page', async () => {
    const { id } = await file('Long', { body: `${'word '.repeat(10_000)}END` })
    const { text } = await triage(ann, `?task=${id}`)
    expect(text).toContain('only the beginning')
    expect(text).not.toContain('END')
    expect(text).not.toContain(`id="edit-${id}"`)
  })
})

describe('many', () => {
  const many = async (account: Account, ids: readonly string[], fields: Record<string, string>) => {
    const { text } = await triage(account)
    const versions = ids.map((id) => {
      const value = new RegExp(`name="version_${id}" value="([^"]*)"`).exec(text)?.[1] ?? ''
      return [`version_${id}`, value]
    })
    return (between?: () => Promise<unknown>) =>
      Promise.resolve(between?.()).then(() =>
        account.browser.submit('/triage', {
          ...Object.fromEntries(versions),
          from: '/triage',
          task_ids: ids,
          ...fields,
        }),
      )
  }

  test('are_approved_but_those_that_were_changed_meanwhile_and_it_can_be_undone', async () => {
    const made = [await file('M1'), await file('M2', { priority: 'low' }), await file('M3'), await file('M4')]
    const ids = made.map(({ id }) => id)
    const send = await many(bo, ids, { status: 'approved', priority: 'high' })
    const answer = await send(() => decide(ann, ids[3] ?? '', { status: 'rejected' }))
    expect(noteOf(answer)).toMatch(/^3 approved\. 1 was changed meanwhile and left as it is\.\s+Undo$/)
    await bo.browser.submit('/undo', {})
    const after = await Promise.all(
      ids.map(async (id) => (await agent.call('get_task', { task_id: id })).task),
    )
    expect(after.map(({ status, priority }) => [status, priority])).toEqual([
      ['open', 'none'],
      ['open', 'low'],
      ['open', 'none'],
      ['rejected', 'none'],
    ])
  })

  test('a_whole_page_of_them_is_moved_into_a_loop_at_once', async () => {
    const loop_id = (await agent.call('create_loop', { name: 'Full' })).loop.id
    const tasks = Array.from({ length: 50 }, (_, index) => ({ title: `Bulk ${index}` }))
    const { results } = await agent.call('create_tasks', { tasks })
    const ids = results.map(({ task }) => task?.id ?? '')
    const all = await triage(bo, '?all')
    expect([...all.text.matchAll(/name="task_ids"[^>]*checked/g)].length).toBe(50)
    const send = await many(bo, ids, { status: 'approved', loop_id })
    expect(noteOf(await send())).toMatch(/^50 approved\./)
    expect((await agent.call('get_loop', { loop_id })).task_counts.approved).toBe(50)
  })

  test.each([
    [{ status: 'approved' }, [], 'Select at least one task first.'],
    [{}, ['M'], 'Choose what to do with the selected tasks.'],
    [{ status: 'done', from: '/triage' }, ['M'], 'status'],
  ])('without_all_that_is_needed_say_what_is_missing_%#', async (fields, titles, sentence) => {
    const ids = await Promise.all(titles.map(async (title) => (await file(title)).id))
    const answer = await bo.browser.submit('/triage', { ...fields, task_ids: ids })
    expect([answer.status, alertOf(answer)]).toEqual([400, expect.stringContaining(sentence)])
  })
})

describe('a question', () => {
  const asked = async (title: string, hold: boolean) => {
    const { id } = await file(title)
    await agent.call('update_task', { task_id: id, status: 'approved' })
    await agent.call('add_comment', {
      task_id: id,
      text: `Which *colour* for ${title}?`,
      kind: 'question',
      hold,
    })
    return id
  }
  const questionIn = ({ text }: Arrived, id: string): string =>
    text.match(/<li class="card" id="question-[\s\S]*?<\/li>/g)?.find((item) => item.includes(id)) ?? ''

  test('is_above_the_list_and_its_answer_lets_the_work_go_on', async () => {
    const id = await asked('a held one', true)
    const page = await triage(bo)
    const item = questionIn(page, id)
    expect(item).toContain('Which <em>colour</em> for a held one?')
    expect(item).toContain('Answer and approve again')
    const once = /name="once" value="(\w+)"/.exec(item)?.[1] ?? ''
    const answer = await decide(bo, id, { text: 'Green', once, status: 'approved' }, page)
    expect(noteOf(answer)).toContain('Commented on “a held one”. Approved “a held one”.')
    expect(questionIn(answer, id)).toBe('')
    const { task, comments } = await agent.call('get_task', { task_id: id })
    expect([task.status, comments.at(-1)?.text]).toEqual(['approved', 'Green'])
  })

  test('that_holds_nothing_up_is_only_answered', async () => {
    const id = await asked('a going one', false)
    const page = await triage(bo)
    expect(questionIn(page, id)).not.toContain('approve again')
    expect(questionIn(await decide(bo, id, { text: 'Blue' }, page), id)).toBe('')
    expect(await statusOf(id)).toBe('approved')
  })

  test('is_shown_to_a_viewer_without_a_form', async () => {
    const id = await asked('a third one', true)
    const item = questionIn(await triage(vi), id)
    expect(item).toContain('a third one')
    expect(item).not.toContain('<form')
  })
})

test('an_empty_list_says_what_comes_next', async () => {
  const zoe = await signUp(system, { name: 'Zoe' })
  const page = await triage(zoe)
  expect(page.text).toContain('Nothing to triage')
  expect(page.text).toContain('href="/workspace#connect"')
})
