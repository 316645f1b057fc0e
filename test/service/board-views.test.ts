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
    expect(main(await search('shapes', '&kind=comment'))).toContain(`href="/tasks/${scene.held}?comment=`)
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

/** The id of somebody, out of the choices of the page. */
const idOf = async (name: string, { browser } = scene.ann): Promise<string> => {
  const page = main(await browser.open('/activity'))
  return new RegExp(`<option value="([^"]+)" >${name}</option>`).exec(page)?.[1] ?? ''
}

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

  const open = (query: string) => scene.ann.browser.open(`/activity?${query}`)
  const shown = async (query: string) => main(await open(query))

  test('of_one_task_one_loop_and_since_a_day', async () => {
    expect(await shown(`task=${scene.asked}`)).not.toContain(scene.held)
    expect(await shown(`loop=${scene.loop_id}`)).not.toContain(scene.asked)
    expect(await shown('since=2999-01-01')).toContain('Nothing like this has happened')
    expect(await shown('since=nonsense&loop=nonsense&task=nonsense')).toContain(scene.held)
  })

  test('of_one_person_app_agent_and_day', async () => {
    await scene.bo.browser.submit('/tasks', { title: 'Filed by Bo' })
    const [ann, bo] = [await idOf('Ann'), await idOf('Bo')]
    const ofBo = readable(await open(`person=${bo}`))
    expect(ofBo).toContain('Bo filed “Filed by Bo”')
    expect(ofBo).not.toContain('Ann filed')
    const byBrowser = readable(await open('client=Loops+in+the+browser'))
    expect(byBrowser).toContain('Bo filed')
    expect(byBrowser).not.toContain('Ann took')
    const byBuilder = readable(await open('agent=builder-1'))
    expect(byBuilder).toContain('Ann took “Send old links to the sign-in page”')
    expect(byBuilder).not.toContain('Ann filed')
    expect(await shown(`agent=builder-1&person=${bo}`)).toContain('Nothing like this has happened')
    const both = readable(await open(`agent=builder-1&person=${ann}&loop=${scene.loop_id}`))
    expect(both).toContain('Ann took')
    const [, day = ''] = /<h2><a href="\/activity\?([^"]*)"/.exec(await shown('agent=builder-1')) ?? []
    expect(readable(await open(day.replaceAll('&amp;', '&')))).toContain('Ann took')
    expect(await shown('since=2020-01-01&until=2020-01-01')).not.toContain('<li>')
  })

  test('keeps_what_was_chosen_in_its_form_and_its_address', async () => {
    const ann = await idOf('Ann')
    const asked = new URLSearchParams({
      loop: scene.loop_id,
      person: ann,
      client: 'agent-modern',
      agent: 'builder-1',
      since: '2020-01-01',
      until: '2999-01-01',
    })
    const page = await shown(asked.toString())
    const chosen = [...page.matchAll(/<option value="([^"]+)" selected>/g)].map(([, value]) => value)
    expect(chosen).toEqual([scene.loop_id, ann, 'agent-modern', 'builder-1'])
    expect(page).toContain('value="2020-01-01"')
    expect(page).toContain('value="2999-01-01"')
    const [, day = ''] = /<h2><a href="\/activity\?([^"]*)"/.exec(page) ?? []
    const ofDay = new URLSearchParams(day.replaceAll('&amp;', '&'))
    expect(ofDay.get('since')).toBe(ofDay.get('until'))
    expect(ofDay.get('agent')).toBe('builder-1')
  })

  test('says_what_to_do_about_days_the_wrong_way_round', async () => {
    const page = await open('since=2026-01-02&until=2026-01-01')
    expect(page.status).toBe(400)
    expect(readable(page)).toContain('The last day is before the first.')
    expect((await open('since=0001-01-01&until=9999-12-31')).status).toBe(200)
    expect((await open('since=1970-01-02&until=9999-12-30')).status).toBe(200)
  })

  test('shows_no_markup_of_what_it_is_filtered_by', async () => {
    for (const text of HOSTILE_TEXTS) {
      const value = encodeURIComponent([...text.toWellFormed()].slice(0, 90).join(''))
      const page = await open(`client=${value}&agent=${value}&person=${value}`)
      expect(page.status).toBe(200)
      expect(main(page)).not.toMatch(/<script|<img|<h1>owned/i)
    }
  })

  test('is_linked_from_tasks_loops_members_and_entries', async () => {
    const [ann, bo] = [await idOf('Ann'), await idOf('Bo')]
    const linked = async (path: string) => main(await scene.ann.browser.open(path))
    expect(await linked(`/tasks/${scene.held}`)).toContain(`href="/activity?task=${scene.held}"`)
    expect(await linked(`/loops/${scene.loop_id}`)).toContain(`href="/activity?loop=${scene.loop_id}"`)
    expect(await linked(`/workspace/members/${bo}`)).toContain(`href="/activity?person=${bo}"`)
    expect(main(await scene.bo.browser.open('/workspace'))).toContain(`href="/activity?person=${ann}"`)
    const entries = await linked('/activity')
    expect(entries).toContain(`href="/activity?person=${ann}"`)
    expect(entries).toContain('href="/activity?client=agent-modern"')
    expect(entries).toContain('href="/activity?agent=builder-1"')
  })

  test('leads_to_what_was_earlier', async () => {
    const ann = await idOf('Ann')
    for (let n = 0; n < 61; n += 1)
      await scene.agent.call('add_comment', { task_id: scene.bare, text: `Note ${n}` })
    const page = await open(`task=${scene.bare}&person=${ann}`)
    const [, older = ''] = /href="(\/activity\?task=[^"]*before[^"]*)"/.exec(main(page)) ?? []
    const earlier = await scene.ann.browser.open(older.replaceAll('&amp;', '&'))
    expect(readable(earlier)).toContain('Ann filed “Look into it”')
    expect(main(earlier)).toContain(`href="/activity?task=${scene.bare}&amp;person=${ann}"`)
  })

  test('tells_nothing_of_private_loops_to_others', async () => {
    expect(readable(await scene.bo.browser.open('/activity'))).not.toMatch(/castle|Secret plans/)
    const pages = await Promise.all(
      [scene.hidden, '01JDAAAAAAAAAAAAAAAAAAAAAA'].map((id) => scene.bo.browser.open(`/activity?task=${id}`)),
    )
    expect(pages.map(({ status }) => status)).toEqual([404, 404])
    expect(new Set(pages.map((page) => readable(page))).size).toBe(1)
  })

  test('of_a_stranger_is_that_of_somebody_who_never_existed', async () => {
    const eve = await signUp(scene.system, { name: 'Eve' })
    const [ann, ofEve] = [await idOf('Ann'), await idOf('Eve', eve)]
    const ids = [ofEve, '01JDAAAAAAAAAAAAAAAAAAAAAA']
    const pages = await Promise.all(ids.map((id) => open(`person=${id}`)))
    expect(pages.map(({ status }) => status)).toEqual([200, 200])
    expect(ofEve).not.toBe('')
    expect(new Set(pages.map((page, n) => main(page).replaceAll(ids[n] ?? '', ''))).size).toBe(1)
    expect(readable(await eve.browser.open(`/activity?person=${ann}`))).not.toContain('Ann')
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
