// The page of the queue and its forms over HTTP, without a script: who may do what, what becomes of stale versions, and that
// nobody sees a trace of what they may not.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Account,
  type Arrived,
  agentOf,
  asksToSignIn,
  joinWorkspace,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

let system: System
let ann: Account
let bo: Account
let vi: Account
let eve: Account
let agent: McpClient
const stack = new AsyncDisposableStack()

beforeAll(async () => {
  system = stack.use(await startSystem())
  ann = await signUp(system, { name: 'Ann' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  vi = await joinWorkspace(system, ann, { name: 'Vi', role: 'viewer' })
  eve = await signUp(system, { name: 'Eve' })
  agent = stack.use(await agentOf(system, ann))
})
afterAll(() => stack.disposeAsync())

const makeLoop = async (name: string, visibility: 'public' | 'private' = 'public'): Promise<string> =>
  (await agent.call('create_loop', { name, visibility })).loop.id
const order = async (): Promise<string[]> =>
  (await agent.call('get_loop_queue', { limit: 200 })).loops.map(({ id }: { id: string }) => id)
/** Ids of the loops that a page shows in the queue, in order. */
const shownIn = ({ text }: Arrived): string[] =>
  [...(/<ol class="loops[\s\S]*?<\/ol>/.exec(text)?.[0] ?? '').matchAll(/id="loop-(\w+)"/g)].map(
    ([, id]) => id ?? '',
  )
const queueVersion = ({ text }: Arrived): string =>
  /\/move\?page=\d+">[^>]*name="expected_version" value="(\d+)"/.exec(text)?.[1] ?? ''
const noteOf = ({ text }: Arrived): string =>
  (/<div class="done"[\s\S]*?<\/div>/.exec(text)?.[0] ?? '').replaceAll(/<[^>]*>/g, '').trim()
const alertOf = ({ text }: Arrived): string =>
  (/<div class="note[^>]*role="alert"[\s\S]*?<\/div>/.exec(text)?.[0] ?? '').replaceAll(/<[^>]*>/g, ' ')

describe('moving a loop', () => {
  test('by_step_to_an_end_and_to_a_position_and_back_by_undo', async () => {
    await makeLoop('Before them')
    const [a, b, c] = [await makeLoop('Move A'), await makeLoop('Move B'), await makeLoop('Move C')]
    const rest = (await order()).filter((id) => ![a, b, c].includes(id))
    const move = async (id: string, fields: Record<string, string>) => {
      const page = await bo.browser.open('/')
      expect(queueVersion(page)).not.toBe('')
      return bo.browser.submit(`/loops/${id}/move`, { ...fields, expected_version: queueVersion(page) })
    }
    expect(noteOf(await move(a, { move: 'top' }))).toMatch('“Move A” is first now.')
    expect(await order()).toEqual([a, ...rest, b, c])
    expect(noteOf(await move(c, { move: 'up' }))).toMatch('“Move C” moved up 1 place.')
    expect(await order()).toEqual([a, ...rest, c, b])
    await move(c, { move: 'down' })
    await move(a, { move: 'bottom' })
    expect(await order()).toEqual([...rest, b, c, a])
    const moved = await move(a, { position: '0' })
    expect(await order()).toEqual([a, ...rest, b, c])
    expect(shownIn(moved)).toEqual(await order())
    expect(moved.text).toContain('action="/undo"')
    await bo.browser.submit('/undo', {})
    expect(await order()).toEqual([...rest, b, c, a])
    expect(noteOf(await move(a, { move: 'down' }))).toBe('“Move A” is there already.')
  })

  test('at_a_stale_version_shows_the_order_as_it_is_and_can_be_sent_again', async () => {
    const [a, b] = [await makeLoop('Stale A'), await makeLoop('Stale B')]
    const page = await bo.browser.open('/')
    await agent.call('set_loop_priority', { loop_id: a, priority: 0 })
    const refused = await bo.browser.submit(`/loops/${b}/move`, {
      move: 'top',
      expected_version: queueVersion(page),
    })
    expect(refused.status).toBe(409)
    expect(alertOf(refused)).toMatch(
      /The order changed .* “Stale B” was not moved.*Do it now: Move to the top/s,
    )
    expect(shownIn(refused)).toEqual(await order())
    expect((await order())[0]).toBe(a)
    const version = queueVersion(refused)
    expect(version).not.toBe(queueVersion(page))
    await bo.browser.submit(`/loops/${b}/move`, { move: 'top', expected_version: version })
    expect((await order()).slice(0, 2)).toEqual([b, a])
  })

  test('is_not_refused_because_of_a_loop_that_the_person_does_not_see', async () => {
    const [a, b] = [await makeLoop('Seen A'), await makeLoop('Seen B')]
    const page = await bo.browser.open('/')
    const hidden = await makeLoop('Of nobody else', 'private')
    await agent.call('set_loop_priority', { loop_id: hidden, priority: 0 })
    const moved = await bo.browser.submit(`/loops/${b}/move`, {
      move: 'up',
      expected_version: queueVersion(page),
    })
    expect([moved.status, noteOf(moved)]).toEqual([200, expect.stringMatching('“Seen B” moved up 1 place.')])
    const visible = (await order()).filter((id) => id !== hidden)
    expect(visible.indexOf(b)).toBe(visible.indexOf(a) - 1)
    expect(shownIn(moved)).toEqual(visible)
  })

  test.each([{}, { move: 'sideways' }, { position: '-1' }, { position: 'first' }, { position: '1.5' }])(
    'says_what_is_wrong_with %j',
    async (fields) => {
      const id = await makeLoop('Fine')
      const refused = await bo.browser.submit(`/loops/${id}/move`, fields as Record<string, string>)
      expect([refused.status, alertOf(refused)]).toEqual([
        400,
        expect.stringContaining('Say where to move it'),
      ])
    },
  )
})

describe('holding a loop', () => {
  test('takes_it_out_and_reopening_brings_it_back_and_both_can_be_undone', async () => {
    const id = await makeLoop('Pause')
    const held = await bo.browser.submit('/queue/hold', { loop_id: id, expected_version: '1' })
    expect(noteOf(held)).toMatch('“Pause” is on hold.')
    expect(await order()).not.toContain(id)
    expect(held.text).toContain('action="/queue/reopen')
    expect(noteOf(await bo.browser.submit('/undo', {}))).toBe('Undone.')
    expect(await order()).toContain(id)
    await bo.browser.submit('/queue/hold', { loop_id: id })
    expect(noteOf(await bo.browser.submit('/queue/reopen', { loop_id: id }))).toMatch(
      '“Pause” is back in the queue.',
    )
    await bo.browser.submit('/undo', {})
    expect(await order()).not.toContain(id)
  })

  test('at_a_stale_version_changes_nothing_and_can_be_sent_again', async () => {
    const id = await makeLoop('Renamed')
    await agent.call('update_loop', { loop_id: id, name: 'Renamed <now>' })
    const refused = await bo.browser.submit('/queue/hold', { loop_id: id, expected_version: '1' })
    expect(refused.status).toBe(409)
    expect(alertOf(refused)).toMatch('“Renamed &lt;now&gt;” changed in the meantime')
    expect(refused.text).toMatch(/value="2">\s*<button class="small">Do it now: Put on hold/)
    expect(await order()).toContain(id)
  })
})

describe('making', () => {
  test('a_loop_leads_to_the_queue_with_a_link_to_it', async () => {
    const made = await bo.browser.submit('/loops', {
      name: 'Made & here',
      visibility: 'private',
      once: 'one',
    })
    const link = /<div class="done"[\s\S]*?<a href="\/loops\/(\w+)">/.exec(made.text)?.[1] ?? ''
    expect([made.url.pathname, noteOf(made)]).toEqual(['/', '“Made &amp; here” is at the end of the queue.'])
    expect(shownIn(made)).toContain(link)
    expect(made.text).toMatch(/Members: Bo/)
    expect(shownIn(await vi.browser.open('/'))).not.toContain(link)
  })

  test('a_task_twice_by_one_form_makes_one_and_another_text_makes_another', async () => {
    const file = (title: string) => bo.browser.submit('/tasks', { title, body: 'Why\r\nnot', once: 'same' })
    const first = await file('Write it down')
    expect(noteOf(first)).toMatch('“Write it down” is filed, and waits to be approved.')
    await file('Write it down')
    await file('Write it up')
    const { tasks } = await agent.call('list_tasks', { limit: 200 })
    const titles = tasks
      .map(({ title }: { title: string }) => title)
      .filter((title: string) => title.startsWith('Write it'))
    expect(titles.sort()).toEqual(['Write it down', 'Write it up'])
    const id = /<a href="\/tasks\/(\w+)">/.exec(first.text)?.[1]
    expect((await agent.call('get_task', { task_id: id ?? '' })).task.body).toBe('Why\nnot')
  })

  test('keeps_what_was_typed_where_something_is_wrong', async () => {
    const noName = await bo.browser.submit('/loops', { name: ' ', visibility: 'private' })
    expect([noName.status, alertOf(noName)]).toEqual([400, expect.stringMatching(/empty/)])
    expect(noName.text).toMatch(/value="private" checked/)
    const long = 'x'.repeat(201)
    const tooLong = await bo.browser.submit('/tasks', { title: long, body: 'Keep <this>' })
    expect(tooLong.status).toBe(422)
    expect(tooLong.text).toContain(`value="${long}"`)
    expect(tooLong.text).toContain('Keep &lt;this&gt;</textarea>')
  })
})

/** Every form of the page, about a loop. */
const FORMS = (id: string): readonly (readonly [string, Record<string, string>])[] => [
  ['/loops', { name: 'Refused' }],
  ['/tasks', { title: 'Refused' }],
  [`/loops/${id}/move`, { move: 'top' }],
  [`/loops/${id}/move`, { position: '0' }],
  ['/queue/hold', { loop_id: id }],
  ['/queue/reopen', { loop_id: id }],
]

describe('every form', () => {
  const state = async () => [
    await order(),
    (await agent.call('list_tasks', { limit: 1 })).total,
    (await agent.call('list_loops', { limit: 1 })).total,
  ]

  test('is_refused_for_a_viewer_who_is_shown_none', async () => {
    const id = await makeLoop('Look')
    const before = await state()
    expect((await vi.browser.open('/')).text).not.toMatch(/action="\/(loops|tasks|queue)/)
    for (const [path, fields] of FORMS(id))
      expect([path, (await vi.browser.submit(path, fields)).status]).toEqual([path, 403])
    expect(await state()).toEqual(before)
  })

  test('leads_to_the_sign_in_without_a_session', async () => {
    const id = await makeLoop('Anonymous')
    for (const [path, fields] of FORMS(id))
      expect(asksToSignIn(await openBrowser(system.url).submit(path, fields))).toBe(true)
  })

  test('is_refused_from_another_site', async () => {
    const id = await makeLoop('Foreign')
    for (const [path, fields] of FORMS(id)) {
      const response = await fetch(new URL(path, system.url), {
        method: 'POST',
        headers: { origin: 'https://evil.example' },
        body: new URLSearchParams(fields),
      })
      expect([path, response.status]).toEqual([path, 403])
    }
  })

  test('answers_for_a_loop_of_another_workspace_as_for_none', async () => {
    const id = await makeLoop('Ours')
    const hidden = await makeLoop('Hidden', 'private')
    for (const [who, foreign] of [
      [eve, id],
      [bo, hidden],
    ] as const)
      for (const at of [2, 3, 4, 5]) {
        const [path = '', fields = {}] = FORMS(foreign)[at] ?? []
        const [unknownPath = '', unknownFields = {}] = FORMS(SOME_ID)[at] ?? []
        const one = await who.browser.submit(path, fields)
        const other = await who.browser.submit(unknownPath, unknownFields)
        expect([one.status, alertOf(one).replaceAll(foreign, SOME_ID)]).toEqual([404, alertOf(other)])
        expect(other.status).toBe(404)
      }
  })
})

test('texts_of_people_are_shown_as_they_are', async () => {
  const texts = HOSTILE_TEXTS.filter(
    (text) => text.isWellFormed() && !text.includes('\0') && [...text].length <= 200,
  )
  for (const name of texts) await agent.call('create_loop', { name })
  const { text } = await bo.browser.open('/')
  expect(text).not.toMatch(/<script>alert|<img src=x|<mj-|onmouseover="alert/)
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
})

test('a_private_loop_leaves_no_trace_for_others', async () => {
  const seen = async () => {
    const page = await bo.browser.open('/')
    return [shownIn(page), /\d+ to \d+ of \d+/.exec(page.text)?.[0]]
  }
  const before = await seen()
  const hidden = await makeLoop('Nobody knows', 'private')
  await agent.call('create_task', { title: 'Secret task', loop_id: hidden })
  expect(await seen()).toEqual(before)
  await agent.call('close_loop', { loop_id: hidden })
  const { text } = await bo.browser.open('/?show=on_hold')
  expect(text).not.toMatch(/Nobody knows|Secret task/)
})

describe('many loops', () => {
  let cy: Account
  beforeAll(async () => {
    cy = await signUp(system, { name: 'Cy' })
    const many = await agentOf(system, cy)
    await using _ = many
    for (let n = 0; n < 55; n += 1)
      await many.call('create_loop', { name: `Loop ${n}`, description: 'd'.repeat(4_000) })
  })

  test('are_on_pages_and_one_moves_from_the_last_to_the_top', async () => {
    const first = await cy.browser.open('/')
    const second = await cy.browser.open('/?page=2')
    expect([shownIn(first).length, shownIn(second).length]).toEqual([50, 5])
    expect(second.text).toContain('data-sort="50"')
    expect(second.text).toContain('51 to 55 of 55')
    const last = shownIn(second).at(-1) ?? ''
    const moved = await cy.browser.submit(`/loops/${last}/move?page=2`, {
      move: 'top',
      expected_version: queueVersion(second),
    })
    expect(`${moved.url.pathname}${moved.url.search}`).toBe('/?page=2')
    // The page shows the order as it is now, not as it was when somebody began to look.
    expect(shownIn(moved)).toEqual([shownIn(first).at(-1), ...shownIn(second).slice(0, -1)])
    expect(shownIn(await cy.browser.open('/'))[0]).toBe(last)
  })

  test('a_page_behind_the_last_one_is_the_last_one', async () => {
    expect(shownIn(await cy.browser.open('/?page=9')).length).toBe(5)
    expect(shownIn(await cy.browser.open('/?page=nine')).length).toBe(50)
  })
})
