// Search, activity and agents, over HTTP and without a script, on a whole system.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Arrived, agentOf, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import { openTaskScene, type TaskScene } from '../support/board-task-scene.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'

let scene: TaskScene

beforeAll(async () => {
  scene = await openTaskScene()
})
afterAll(() => scene?.[Symbol.asyncDispose]())

const readable = ({ text }: Arrived): string =>
  text
    .replace(/<template[\s\S]*?<\/template>|<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
const main = (page: Arrived): string =>
  page.text.slice(page.text.indexOf('<main'), page.text.indexOf('</main>'))
const search = (query: string, more = '') =>
  scene.ann.browser.open(`/search?q=${encodeURIComponent(query.toWellFormed())}${more}`)

describe('search', () => {
  test('finds_tasks_loops_and_comments_and_marks_what_matches', async () => {
    const page = await search('link')
    expect(main(page)).toContain(`href="/tasks/${scene.held}"`)
    expect(main(page)).toContain('<mark>links</mark>')
    expect(main(await search('shapes', '&kind=comment'))).toContain(`href="/tasks/${scene.held}#comment-`)
    expect(main(await search('passwords', '&kind=loop'))).toContain(`href="/loops/${scene.loop_id}"`)
    expect(main(await search('link', '&kind=loop'))).not.toContain('/tasks/')
  })

  test('says_why_it_finds_nothing', async () => {
    const says = async (query: string) => readable(await search(query))
    expect(await says('')).toContain('Type words, or only their beginnings.')
    expect(await says('zebra')).toContain('Nothing found for “zebra”')
    expect(await says('+-*:"()')).toContain('has no word to search for')
    expect(await says('x'.repeat(201))).toContain('at most 200 characters')
    expect((await search('link', '&cursor=nonsense')).status).toBe(200)
  })

  test('shows_no_markup_of_a_query_and_nothing_private', async () => {
    for (const text of HOSTILE_TEXTS) {
      // An address has room for no more.
      const page = await search([...text].slice(0, 300).join(''))
      expect(page.status).toBe(200)
      expect(main(page)).not.toMatch(/<script|<img|<h1>owned/i)
    }
    const secret = await scene.bo.browser.open('/search?q=castle')
    expect(readable(secret)).toContain('Nothing found')
    expect(main(await search('castle'))).toContain(`/tasks/${scene.hidden}`)
  })
})

describe('activity', () => {
  test('says_what_happened_by_day_newest_first', async () => {
    const page = await scene.ann.browser.open('/activity')
    const text = readable(page)
    expect(text).toContain('Ann took “Send old links to the sign-in page”')
    expect(text).toContain('Ann put “Choose a colour for the button” on hold')
    expect(text).toContain('Ann created the loop “Sign-in without passwords”')
    expect(main(page)).toContain(`href="/tasks/${scene.held}"`)
    expect(main(page)).toMatch(/<section class="day" id="day-\d{4}-\d{2}-\d{2}">/)
  })

  test('of_one_task_one_loop_and_since_a_day', async () => {
    const open = async (query: string) => main(await scene.ann.browser.open(`/activity?${query}`))
    expect(await open(`task=${scene.asked}`)).not.toContain(scene.held)
    expect(await open(`loop=${scene.loop_id}`)).not.toContain(scene.asked)
    expect(await open('since=2999-01-01')).toContain('Nothing has happened here yet')
    expect(await open('since=nonsense&loop=nonsense&task=nonsense')).toContain(scene.held)
  })

  test('leads_to_what_was_earlier', async () => {
    for (let n = 0; n < 61; n += 1)
      await scene.agent.call('add_comment', { task_id: scene.bare, text: `Note ${n}` })
    const page = await scene.ann.browser.open(`/activity?task=${scene.bare}`)
    const [, older = ''] = /href="(\/activity\?task=[^"]*cursor[^"]*)"/.exec(main(page)) ?? []
    const earlier = await scene.ann.browser.open(older.replaceAll('&amp;', '&'))
    expect(readable(earlier)).toContain('Ann filed “Look into it”')
  })

  test('tells_nothing_of_private_loops_to_others', async () => {
    expect(readable(await scene.bo.browser.open('/activity'))).not.toMatch(/castle|Secret plans/)
    const pages = await Promise.all(
      [scene.hidden, '01JDAAAAAAAAAAAAAAAAAAAAAA'].map((id) => scene.bo.browser.open(`/activity?task=${id}`)),
    )
    expect(pages.map(({ status }) => status)).toEqual([404, 404])
    expect(new Set(pages.map((page) => readable(page))).size).toBe(1)
  })
})

describe('agents', () => {
  test('are_shown_to_the_owner_with_what_they_hold', async () => {
    const page = await scene.ann.browser.open('/agents')
    const text = readable(page)
    expect(text).toContain('agent-modern')
    expect(text).toContain('holds 1 task')
    expect(text).toContain('Send old links to the sign-in page')
    expect(text).toContain('The redirect works; two tests are left.')
  })

  test('of_others_are_not_shown_to_members_but_their_work_is', async () => {
    const text = readable(await scene.bo.browser.open('/agents'))
    expect(text).toContain('No agent is connected')
    expect(text).toContain('Work in hands')
    expect(text).toContain('Send old links to the sign-in page')
    expect(main(await scene.vi.browser.open('/agents'))).not.toContain('<form method="post"')
  })

  test('are_disconnected_by_their_own_person_alone', async () => {
    const cy = await joinWorkspace(scene.system, scene.ann, { name: 'Cy' })
    await using agent = await agentOf(scene.system, cy, { name: 'robot-of-cy' })
    const page = await cy.browser.open('/agents')
    const [, path = ''] = /action="(\/agents\/\w+\/disconnect)"/.exec(page.text) ?? []
    expect(readable(page)).toContain('robot-of-cy')
    await scene.bo.browser.submit(path, {})
    await agent.call('get_queue_stats', {})
    const left = await cy.browser.submit(path, {})
    expect(readable(left)).toContain('“robot-of-cy” is disconnected.')
    expect(readable(left)).toContain('No agent is connected')
  })

  test('give_back_what_they_hold', async () => {
    const { id } = (await scene.agent.call('create_task', { title: 'Give me back' })).task
    await scene.agent.call('update_task', { task_id: id, status: 'approved' })
    await scene.agent.call('claim_task', { task_id: id })
    const page = await scene.ann.browser.submit(`/tasks/${id}/claim`, { from: '/agents', release: 'true' })
    expect(page.url.pathname).toBe('/agents')
    expect((await scene.agent.call('get_task', { task_id: id })).task.status).toBe('approved')
  })
})

test('the_pages_are_for_members_of_a_workspace', async () => {
  for (const path of ['/search?q=link', '/activity', '/agents']) {
    expect((await openBrowser(scene.system.url).open(path)).url.pathname).toBe('/sign-in')
    const eve = await signUp(scene.system, { name: 'Eve' })
    expect(readable(await eve.browser.open(path))).not.toContain('Send old links')
  }
})
