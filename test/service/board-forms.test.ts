// No form of the board loses what was typed into it, however it is refused, and none does twice what it is sent twice for.
//
// The forms are those of every page that a link of another page leads to.
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { STRANGERS_PER_ADDRESS } from '../../services/gateway/limits/policies.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { openBrowser } from '../support/accounts.ts'
import { openTaskScene, type TaskScene } from '../support/board-task-scene.ts'
import { type Form, formsOf, heldBy } from '../support/forms.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { freshStack } from '../support/stack.ts'
import { type Entry, openEntry } from '../support/system.ts'

/** More pages than the scene has. */
const MAX_PAGES = 150
const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const ULID = /[0-7][0-9A-HJKMNP-TV-Z]{25}/g

let scene: TaskScene
/** Every form with a text, the first of its kind, and the page that it is on. */
let forms: readonly Form[]
/** A gateway whose services are away, on a database that can be taken away. */
let alone: GatewayEnvironment
let database: Entry
let cookie: string

/** Follows every link, and gathers the forms on the way. */
const gather = async ({ ann }: TaskScene): Promise<readonly Form[]> => {
  const [waiting, seen] = [['/'], new Set(['/'])]
  const found = new Map<string, Form>()
  for (let path = waiting.shift(); path !== undefined && seen.size < MAX_PAGES; path = waiting.shift()) {
    const { text, status, headers } = await ann.browser.open(path)
    if (!headers.get('content-type')?.startsWith('text/html')) continue
    expect([path, status]).toEqual([path, 200])
    // What is imported is a copy of what is elsewhere, and no page could hold it.
    const isBoard = /<main[^>]*data-board/.test(text)
    for (const form of isBoard ? formsOf(text) : [])
      if (form.method === 'post' && form.texts.length > 0 && !form.has_files)
        found.set(`${form.action.replace(ULID, ':id').replace(/\?.*/, '')} ${form.texts}`, form)
    for (const [, link = ''] of text.matchAll(/<a[^>]*\shref="(\/[^"#]*)/g)) {
      const next = link.replaceAll('&amp;', '&')
      if (!seen.has(next) && !/^\/(?:dev|u|assets|events|export)/.test(next)) waiting.push(next)
      seen.add(next)
    }
  }
  return [...found.values()]
}

beforeAll(async () => {
  scene = await openTaskScene()
  await scene.agent.call('create_loop', { name: 'A loop of its own' })
  forms = await gather(scene)
  const { natsUrl, mongodbUrl } = freshStack()
  const { host } = new URL(mongodbUrl)
  database = await openEntry()
  database.open([`http://${host}`])
  alone = await openGatewayEnvironment({
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl.replace(host, new URL(database.url).host),
  })
  const answer = await fetch(`${alone.url}/sign-up`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      name: 'Ann',
      email: 'a@example.com',
      password: scene.ann.password,
      workspace: 'A',
    }),
  })
  cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}, 120_000)
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]()
  await alone?.[Symbol.asyncDispose]()
  await database?.close()
})

/** A form with a text of its own in each field, `extra` behind the last one. */
const filled = (form: Form, extra = ''): Record<string, string> => ({
  ...Object.fromEntries(form.fields),
  ...Object.fromEntries(form.buttons.slice(0, 1)),
  ...Object.fromEntries(form.texts.map((name, at) => [name, typedIn(form)[at] ?? ''])),
  ...(extra === '' ? {} : { [form.texts.at(-1) ?? '']: `${typedIn(form).at(-1)}${extra}` }),
})
const typedIn = (form: Form): readonly string[] => form.texts.map((name) => `Typed <${name}> & "all"`)
const named = ({ action, texts }: Form): string => `${action.replace(ULID, ':id')} ${texts}`

/** The texts of a form that no field of a page holds the beginning of. */
const lostOn = (page: string, form: Form): readonly string[] => {
  const held = heldBy(page)
  return typedIn(form).filter((text) => !held.some((one) => one.startsWith(text)))
}

/** Sends each form, and names those that are answered otherwise, or whose texts are gone. */
const refuseEach = async (
  status: number,
  send: (form: Form) => Promise<Readonly<{ status: number; text: string }>>,
): Promise<readonly unknown[]> => {
  const wrong: unknown[] = []
  for (const form of forms) {
    const answer = await send(form)
    const lost = lostOn(answer.text, form)
    if (answer.status !== status || lost.length > 0) wrong.push([named(form), answer.status, lost])
  }
  return wrong
}

const post = async (form: Form, fields: Record<string, string>, as = cookie) => {
  const answer = await fetch(new URL(form.action, alone.url), {
    method: 'POST',
    redirect: 'manual',
    headers: { accept: 'text/html', cookie: as },
    body: new URLSearchParams(fields),
  })
  return { status: answer.status, text: await answer.text() }
}

test('the_forms_with_texts_are_found', () => {
  const all = forms.map(named).join('\n')
  for (const one of [
    '/loops name',
    '/tasks title,body',
    '/tasks title',
    '/tasks/:id title,body',
    '/tasks/:id text',
    '/tasks/:id/labels labels',
    '/loops/:id name,description,ai_context',
    '/loops/:id text',
  ])
    expect(all).toContain(one)
})

describe('what was typed is shown again', () => {
  test('where_a_text_is_too_long', async () => {
    const long = 'x'.repeat(LIMITS.body_bytes)
    const send = (form: Form) => scene.ann.browser.submit(form.action, filled(form, long))
    expect(await refuseEach(422, send)).toEqual([])
  })

  test('its_beginning_where_the_form_is_larger_than_any', async () => {
    const long = 'x'.repeat(LIMITS.request_bytes)
    expect(await refuseEach(413, (form) => post(form, filled(form, long)))).toEqual([])
  })

  test('where_the_thing_is_gone', async () => {
    const gone = (form: Form): Form => ({
      ...form,
      action: form.action.replace(ULID, NOWHERE),
    })
    for (const form of forms.filter(({ action }) => action.search(ULID) >= 0)) {
      const answer = await scene.ann.browser.submit(gone(form).action, filled(form))
      expect([named(form), answer.status, lostOn(answer.text, form)]).toEqual([named(form), 404, []])
    }
  })

  test('where_somebody_may_not_write_any_more', async () => {
    expect(await refuseEach(403, (form) => scene.vi.browser.submit(form.action, filled(form)))).toEqual([])
  })

  test('where_a_service_is_away_as_a_form_that_sends_the_same_again', async () => {
    for (const form of forms) {
      const answer = await post(form, filled(form))
      expect([named(form), answer.status, lostOn(answer.text, form)]).toEqual([named(form), 503, []])
      const again = formsOf(answer.text).find(({ action }) => action === form.action)
      expect([named(form), Object.fromEntries(again?.fields ?? [])]).toEqual([named(form), filled(form)])
    }
  })

  test('where_too_many_requests_come', async () => {
    for (let count = 0; count < STRANGERS_PER_ADDRESS.count; count += 1)
      alone.deps.limits.count('strangers from 127.0.0.1', STRANGERS_PER_ADDRESS)
    expect(await refuseEach(429, (form) => post(form, filled(form)))).toEqual([])
    alone.advance(STRANGERS_PER_ADDRESS.window_ms)
  })
})

describe('a session that is over', () => {
  test('leads_through_the_sign_in_back_to_what_was_typed', async () => {
    const { ann, system } = scene
    for (const form of forms) {
      const browser = openBrowser(system.url)
      const asked = await browser.submit(form.action, filled(form))
      expect([named(form), asked.status]).toEqual([named(form), 401])
      const signIn = formsOf(asked.text).find(({ action }) => action === '/sign-in')
      const carried = Object.fromEntries(signIn?.fields ?? [])
      const slip = await browser.submit('/sign-in', { ...carried, email: ann.email, password: 'a slip' })
      const kept = Object.fromEntries(
        formsOf(slip.text).find(({ action }) => action === '/sign-in')?.fields ?? [],
      )
      const back = await browser.submit('/sign-in', { ...kept, email: ann.email, password: ann.password })
      expect([named(form), back.status, lostOn(back.text, form)]).toEqual([named(form), 200, []])
      const again = formsOf(back.text).find(({ action }) => action === form.action)
      expect([named(form), Object.fromEntries(again?.fields ?? [])]).toEqual([named(form), filled(form)])
      expect(back.text).not.toContain(ann.password)
    }
  })

  test('takes_nothing_to_another_place', async () => {
    const carried = { 'unsent.title': 'x', email: scene.ann.email, password: scene.ann.password }
    for (const unsent_to of [
      'https://evil.example/tasks',
      '//evil.example/tasks',
      '/sign-out',
      '/tasks"><b>',
      '/consent',
    ])
      expect(
        (await openBrowser(scene.system.url).submit('/sign-in', { ...carried, unsent_to })).url.pathname,
      ).toBe('/')
  })
})

/** Sends a form and goes away as soon as it is on its way: whatever is answered, nobody hears it. */
const sendAndLeave = async (form: Form, fields: Record<string, string>): Promise<void> => {
  const body = new URLSearchParams(fields).toString()
  const { hostname, port } = new URL(scene.system.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const sent = Promise.withResolvers<void>()
  const head = [
    `POST ${form.action} HTTP/1.1`,
    `Host: ${new URL(scene.system.url).host}`,
    `Cookie: ${scene.ann.browser.cookie()}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, () => sent.resolve())
  await sent.promise
  // The first byte of the answer comes after the write. It is not read.
  await once(socket, 'readable')
  socket.destroy()
}

describe('what is sent again is done once', () => {
  /** How often a text is on the board: as the title of a task, the name of a loop, or a comment. */
  const count = async (text: string): Promise<number> => {
    const { tasks } = await scene.agent.call('list_tasks', { scope: 'all', limit: 200 })
    const { loops } = await scene.agent.call('list_loops', { limit: 200 })
    const said = await Promise.all([
      ...[scene.bare, scene.asked].map((task_id) => scene.agent.call('get_task', { task_id })),
      scene.agent.call('get_loop', { loop_id: scene.loop_id }),
    ])
    const texts = [
      ...tasks.map(({ title }: { title: string }) => title),
      ...loops.map(({ name }: { name: string }) => name),
      ...said.flatMap(({ comments }) => comments.map((one: { text: string }) => one.text)),
    ]
    return texts.filter((one) => one === text).length
  }
  const formOn = async (path: string, action: string, field: string): Promise<Form> => {
    const form = formsOf((await scene.ann.browser.open(path)).text).find(
      (one) => one.action === action && one.texts.includes(field),
    )
    if (!form) throw new Error(`${path} has no form ${action}`)
    return form
  }

  test.each([
    ['a_task', () => '/', () => '/tasks', 'title'],
    ['a_loop', () => '/', () => '/loops', 'name'],
    ['a_task_of_a_loop', () => `/loops/${scene.loop_id}`, () => '/tasks', 'title'],
    ['a_comment_on_a_loop', () => `/loops/${scene.loop_id}`, () => `/loops/${scene.loop_id}`, 'text'],
    ['a_comment_on_a_task', () => `/tasks/${scene.bare}`, () => `/tasks/${scene.bare}`, 'text'],
    ['an_answer', () => `/tasks/${scene.asked}`, () => `/tasks/${scene.asked}`, 'text'],
    ['a_comment_in_triage', () => `/triage?task=${scene.bare}`, () => `/tasks/${scene.bare}`, 'text'],
  ])('%s_at_once_twice_and_after_an_answer_that_was_lost', async (name, path, action, field) => {
    const form = await formOn(path(), action(), field)
    const text = `Once: ${name}`
    const fields = { ...Object.fromEntries(form.fields), [field]: text }
    await sendAndLeave(form, fields)
    await Promise.all([1, 2].map(() => scene.ann.browser.submit(form.action, fields)))
    expect(await count(text)).toBe(1)
    // Somebody who writes something else means something else.
    await scene.ann.browser.submit(form.action, { ...fields, [field]: `${text}, and more` })
    expect(await count(`${text}, and more`)).toBe(1)
  })

  test('a_comment_that_was_written_before_the_rest_of_its_form_was_refused', async () => {
    const form = await formOn(`/tasks/${scene.bare}`, `/tasks/${scene.bare}`, 'text')
    const fields: Record<string, string> = {
      ...Object.fromEntries(form.fields),
      text: 'Written first',
      loop_id: NOWHERE,
    }
    const refused = await scene.ann.browser.submit(form.action, fields)
    expect([refused.status, await count('Written first')]).toEqual([404, 1])
    const again = formsOf(refused.text).find(({ texts }) => texts.includes('text'))
    expect(Object.fromEntries(again?.fields ?? [])).toMatchObject({
      text: 'Written first',
      once: fields.once,
    })
    await scene.ann.browser.submit(form.action, Object.fromEntries(again?.fields ?? []))
    expect(await count('Written first')).toBe(1)
  })

  test('a_task_whose_form_was_refused_and_mended', async () => {
    const form = await formOn('/', '/tasks', 'title')
    const fields = Object.fromEntries(form.fields)
    const refused = await scene.ann.browser.submit('/tasks', { ...fields, title: 'x'.repeat(201) })
    const again = formsOf(refused.text).find(({ action }) => action === '/tasks')
    expect(Object.fromEntries(again?.fields ?? []).once).toBe(fields.once)
  })

  test('a_task_of_a_loop_is_in_the_loop', async () => {
    const form = await formOn(`/loops/${scene.loop_id}`, '/tasks', 'title')
    const made = await scene.ann.browser.submit('/tasks', {
      ...Object.fromEntries(form.fields),
      title: 'In the loop',
    })
    expect(made.url.pathname).toBe(`/loops/${scene.loop_id}`)
    const { tasks } = await scene.agent.call('list_tasks', { loop_id: scene.loop_id, limit: 200 })
    expect(tasks.map(({ title }: { title: string }) => title)).toContain('In the loop')
    const refused = await scene.ann.browser.submit('/tasks', {
      ...Object.fromEntries(form.fields),
      title: 'y'.repeat(201),
    })
    expect([refused.status, /<input id="new-title"[^>]*value="y{201}"/.test(refused.text)]).toEqual([
      422,
      true,
    ])
  })
})

test('what_was_typed_is_shown_again_where_the_database_is_away', async () => {
  const [form] = forms
  if (!form) throw new Error('there is no form')
  await database.close()
  const answer = await post(form, filled(form))
  expect([answer.status, lostOn(answer.text, form)]).toEqual([503, []])
  const again = formsOf(answer.text).find(({ action }) => action === form.action)
  expect(Object.fromEntries(again?.fields ?? [])).toEqual(filled(form))
})
