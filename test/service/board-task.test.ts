// The page of a task and its forms, over HTTP and without a script, on a whole system.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Arrived, asksToSignIn, openBrowser, signUp } from '../support/accounts.ts'
import { openTaskScene, type TaskScene } from '../support/board-task-scene.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'

const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'

let scene: TaskScene

beforeAll(async () => {
  scene = await openTaskScene()
})
afterAll(() => scene?.[Symbol.asyncDispose]())

const get = async (task_id: string) => (await scene.agent.call('get_task', { task_id })).task
const file = async (title: string, more: Record<string, unknown> = {}) =>
  (await scene.agent.call('create_task', { title, ...more })).task
/** What people read of a page, without its markup. */
const readable = ({ text }: Arrived): string =>
  text
    .replace(/<template[\s\S]*?<\/template>|<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
const main = (page: Arrived): string =>
  page.text.slice(page.text.indexOf('<main'), page.text.indexOf('</main>'))

describe('the page shows', () => {
  test('text_loop_holder_progress_blockers_and_comments', async () => {
    const page = await scene.ann.browser.open(`/tasks/${scene.held}`)
    expect(page.status).toBe(200)
    const text = readable(page)
    for (const part of [
      'Send old links to the sign-in page',
      'Sign-in without passwords',
      'in progress',
      'Ann is working on it',
      'builder-1',
      'The redirect works; two tests are left.',
      'Write down what the old links looked like',
      'Tell the customers about the new links',
      'All of them',
      'Ann filed this task',
      'Ann approved this task',
      'Ann took this task',
    ])
      expect(text).toContain(part)
    expect(page.text).toContain(`data-live="/live/`)
    expect(page.text).toContain(`task_id=${scene.held}`)
  })

  test('what_changed_since_the_approval_and_approves_it_again', async () => {
    const page = await scene.ann.browser.open(`/tasks/${scene.rewritten}`)
    const text = readable(page)
    expect(text).toContain('The text has changed since Ann approved it')
    expect(text).toContain('Removed: Drop `sessions_v1`.')
    expect(text).toContain('Added: Drop `sessions_v1` and `sessions_v2`.')
    const { version } = await get(scene.rewritten)
    const answer = await scene.ann.browser.submit(`/tasks/${scene.rewritten}`, {
      status: 'approved',
      expected_version: String(version),
    })
    expect(answer.status).toBe(200)
    expect(readable(answer)).not.toContain('The text has changed since')
    expect((await get(scene.rewritten)).status).toBe('approved')
  })

  test('no_markup_of_people_and_marks_whom_they_mention', async () => {
    for (const text of HOSTILE_TEXTS.slice(0, 12)) {
      const { id } = await file(text.slice(0, 190), {
        body: `${text}\n\n@Bo \uE000and\uE001 [x](https://a.example "@Bo")`,
      })
      await scene.agent.call('add_comment', { task_id: id, text: `Ask @Bo. ${text}` })
      const page = await scene.ann.browser.open(`/tasks/${id}`)
      expect(page.status).toBe(200)
      expect(main(page)).not.toMatch(/<script|<img|<h1>owned|onerror=(?!alert\(1\)&gt;)/i)
      expect(main(page)).toContain('<span class="mention">@Bo</span>')
      expect(main(page).replace(/<textarea[\s\S]*?<\/textarea>/g, '')).not.toMatch(/[\uE000\uE001]/)
    }
  })

  test('the_same_for_a_task_that_is_not_seen_and_one_that_never_was', async () => {
    const pages = await Promise.all(
      [scene.hidden, NOWHERE, 'nonsense'].map((id) => scene.bo.browser.open(`/tasks/${id}`)),
    )
    expect(pages.map(({ status }) => status)).toEqual([404, 404, 404])
    expect(new Set(pages.map(main)).size).toBe(1)
    const forms = await Promise.all(
      [scene.hidden, NOWHERE].flatMap((id) =>
        ['/claim', '/blockers', '/labels', '/delete'].map((form) =>
          scene.bo.browser.submit(`/tasks/${id}${form}`, { release: 'true', labels: 'x', confirm: 'yes' }),
        ),
      ),
    )
    expect(new Set(forms.map(({ status }) => status))).toEqual(new Set([404]))
    expect(new Set(forms.map(main)).size).toBe(1)
  })

  test('the_workspace_that_a_link_of_a_mail_names', async () => {
    const workspace = /\/live\/(\w+)\?/.exec((await scene.bo.browser.open('/')).text)?.[1] ?? ''
    const page = await scene.bo.browser.open(`/tasks/${scene.bare}?workspace=${workspace}`)
    expect([page.status, page.url.search]).toEqual([200, ''])
    expect(readable(page)).toContain('Look into it')
  })
})

test('a_link_to_a_comment_leads_to_the_page_that_has_it', async () => {
  const { id } = await file('A long conversation')
  const { loop } = await scene.agent.call('create_loop', { name: 'A long conversation' })
  for (const on of [{ task_id: id }, { loop_id: loop.id }]) {
    const said: string[] = []
    for (let n = 0; n < 12; n += 1)
      said.push(
        (await scene.agent.call('add_comment', { ...on, text: `zebra ${n} ${'x'.repeat(15_000)}` })).comment
          .id,
      )
    const path = 'task_id' in on ? `/tasks/${id}` : `/loops/${loop.id}`
    const [first, last] = [said[0] ?? '', said.at(-1) ?? '']
    const whole = await scene.ann.browser.open(path)
    expect([
      whole.text.includes(`id="comment-${first}"`),
      whole.text.includes(`id="comment-${last}"`),
    ]).toEqual([true, false])
    const found = await scene.ann.browser.open('/search?q=zebra&kind=comment')
    const link = new RegExp(`href="(${path}[^"]*#comment-${last})"`).exec(found.text)?.[1] ?? ''
    const arrived = await scene.ann.browser.open(link)
    expect(arrived.text).toMatch(
      new RegExp(`<li id="comment-${last}" tabindex="-1"|id="comment-${last}" tabindex="-1"`),
    )
    for (const other of [first, NOWHERE, 'nonsense'])
      expect((await scene.ann.browser.open(`${path}?comment=${other}`)).text).toContain(
        `id="comment-${first}"`,
      )
  }
})

describe('forms', () => {
  const FORMS = ['', '/claim', '/blockers', '/labels', '/delete']
  const fields = { text: 'Hello', release: 'true', labels: 'x', add_blocker: NOWHERE, confirm: 'yes' }

  test('are_shown_to_no_viewer_and_refused_to_one', async () => {
    expect(main(await scene.vi.browser.open(`/tasks/${scene.held}`))).not.toContain('<form method="post"')
    for (const form of FORMS) {
      const answer = await scene.vi.browser.submit(`/tasks/${scene.held}${form}`, fields)
      expect([form, answer.status]).toEqual([form, 403])
    }
  })

  test('lead_to_the_sign_in_without_a_session_and_are_refused_from_another_site', async () => {
    for (const form of FORMS) {
      const path = `/tasks/${scene.held}${form}`
      const answer = await openBrowser(scene.system.url).submit(path, fields)
      expect(asksToSignIn(answer)).toBe(true)
      const foreign = await fetch(new URL(path, scene.system.url), {
        method: 'POST',
        headers: { origin: 'https://evil.example', 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(fields),
        redirect: 'manual',
      })
      expect(foreign.status).toBe(403)
    }
  })

  test('find_nothing_in_another_workspace', async () => {
    const eve = await signUp(scene.system, { name: 'Eve' })
    for (const form of FORMS) {
      const answer = await eve.browser.submit(`/tasks/${scene.held}${form}`, fields)
      expect([form, answer.status]).toEqual([form, 404])
    }
    expect((await eve.browser.open(`/tasks/${scene.held}`)).status).toBe(404)
  })

  test('are_refused_at_a_stale_version_and_say_so', async () => {
    for (const form of ['/claim', '/blockers', '/labels', '/delete']) {
      const answer = await scene.ann.browser.submit(`/tasks/${scene.held}${form}`, {
        ...fields,
        expected_version: '1',
      })
      expect([form, answer.status]).toEqual([form, 409])
      expect(readable(answer)).toContain('It has changed since you looked.')
    }
  })

  test('a_stale_text_is_shown_beside_what_is_stored_and_saved_when_sent_again', async () => {
    const { id, version } = await file('Paint the door', { body: 'Blue.\nTwice.' })
    await scene.agent.call('update_task', { task_id: id, body: 'Green.\nTwice.' })
    const typed = { title: 'Paint the doors', body: 'Red.\r\nTwice.' }
    const refused = await scene.bo.browser.submit(`/tasks/${id}`, {
      ...typed,
      expected_version: String(version),
    })
    expect(refused.status).toBe(409)
    const text = readable(refused)
    expect(text).toContain('Removed: Green.')
    expect(text).toContain('Added: Red.')
    expect(main(refused)).toContain('value="Paint the doors"')
    expect(main(refused)).toMatch(/<textarea[^>]*name="body"[^>]*>\nRed\.\r?\nTwice\.<\/textarea>/)
    const [, next = ''] =
      /id="edit-\w+-form">.*?name="expected_version" value="(\d+)"/s.exec(refused.text) ?? []
    await scene.bo.browser.submit(`/tasks/${id}`, { ...typed, expected_version: next })
    expect(await get(id)).toMatchObject({ title: 'Paint the doors', body: 'Red.\nTwice.' })
  })

  test('an_answer_puts_a_task_to_work_again_and_is_written_once', async () => {
    const page = await scene.ann.browser.open(`/tasks/${scene.asked}`)
    expect(readable(page)).toContain('This question put the task on hold.')
    const [, once = ''] = /name="once" value="(\w+)"/.exec(page.text) ?? []
    const { version } = await get(scene.asked)
    const fields = { text: 'Teal.', status: 'approved', once, expected_version: String(version) }
    await scene.ann.browser.submit(`/tasks/${scene.asked}`, fields)
    await scene.ann.browser.submit(`/tasks/${scene.asked}`, fields)
    const { task, comments } = await scene.agent.call('get_task', { task_id: scene.asked })
    expect(task.status).toBe('approved')
    expect(comments.map(({ text }) => text)).toEqual(['Green or teal?', 'Teal.'])
  })

  test('a_task_waits_for_another_that_was_found_by_its_words', async () => {
    const { id } = await file('Hang the pictures')
    const other = await file('Buy unmistakable nails')
    const found = await scene.ann.browser.open(`/tasks/${id}?q=unmistak`)
    expect(main(found)).toContain(`value="${other.id}"`)
    const change = { expected_version: String((await get(id)).version), add_blocker: other.id }
    await scene.ann.browser.submit(`/tasks/${id}/blockers`, change)
    expect((await scene.agent.call('get_task', { task_id: id })).blocked_by?.tasks).toMatchObject([
      { id: other.id },
    ])
    const back = { expected_version: String((await get(id)).version), remove_blocker: other.id }
    await scene.ann.browser.submit(`/tasks/${id}/blockers`, back)
    expect((await scene.agent.call('get_task', { task_id: id })).blocked_by).toBeUndefined()
  })

  test('labels_are_words_between_commas', async () => {
    const { id } = await file('Name the boat')
    await scene.bo.browser.submit(`/tasks/${id}/labels`, {
      labels: ' Sea, fun ,sea،,',
      expected_version: '1',
    })
    expect((await get(id)).labels).toEqual(['sea', 'fun'])
  })

  test('a_task_is_deleted_after_a_question', async () => {
    const { id } = await file('Forget me')
    const asked = await scene.ann.browser.open(`/tasks/${id}/delete`)
    expect(readable(asked)).toContain('Delete “Forget me”?')
    const left = await scene.ann.browser.submit(`/tasks/${id}/delete`, {
      confirm: 'yes',
      expected_version: '1',
    })
    expect(left.url.pathname).toBe('/triage')
    expect((await scene.ann.browser.open(`/tasks/${id}`)).status).toBe(404)
  })
})

describe('work in other hands', () => {
  const claimed = async (title: string) => {
    const { id } = await file(title)
    await scene.agent.call('update_task', { task_id: id, status: 'approved' })
    await scene.agent.call('claim_task', { task_id: id })
    return id
  }
  const send = async (who: 'ann' | 'bo', id: string, form: Record<string, string>) =>
    scene[who].browser.submit(`/tasks/${id}/claim`, {
      ...form,
      expected_version: String((await get(id)).version),
    })

  test('is_released_for_the_next', async () => {
    const id = await claimed('Release me')
    await send('ann', id, { release: 'true' })
    expect(await get(id)).toMatchObject({ status: 'approved' })
    expect((await get(id)).held_by).toBeUndefined()
  })

  test('is_taken_over', async () => {
    const id = await claimed('Take me over')
    await send('ann', id, { take_over: 'true' })
    expect((await get(id)).held_by).toMatchObject({
      name: 'Ann',
      client: 'Loops in the browser',
      expires_at: null,
    })
  })
})
