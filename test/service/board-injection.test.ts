// Every text of people and apps that the board shows, on every page that links lead to: none becomes markup.
//
// What the pages of a workspace with harmless texts are made of is known; hostile texts must add no element and no attribute.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, agentOf, type Browser, openBrowser } from '../support/accounts.ts'
import { fillTaskScene } from '../support/board-task-scene.ts'
import { HOSTILE_TEXTS } from '../support/hostile-texts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { openWholeGateway } from '../support/whole-gateway.ts'

/** Pages of one shape that are looked at. Those that show one thing are looked at for each text. */
const MAX_OF_SHAPE = 12
const ONE_THING = /^\/(?:tasks|loops)\/x(?:\/delete|\/ship)?$|^\/search/
const ULID = /[0-7][0-9A-HJKMNP-TV-Z]{25}/g
/** A path without what differs between pages of one kind. */
const shapeOf = (path: string): string =>
  path
    .replace(ULID, 'x')
    .replace(/\?(.*)/, (_, query: string) => `?${[...new URLSearchParams(query).keys()].toSorted()}`)
const PASSWORD = 'seven green bicycles in a row'

/** What would be seen at once among the elements and attributes of a page. */
const CANARIES = [
  '<canary-a b=1>',
  '"><canary-b c="1',
  "'><canary-c d='1",
  '" canary-e="1',
  "' canary-f='1",
  '`canary-g=`1 /canary-h/',
  '</textarea></title></style></script></option></select><canary-i>',
  '-->]]><canary-j>',
  '\n<canary-k>\n\n</details>',
  '[x](javascript:canary "\\" canary-l=1")',
  '![x](https://canary.example/x.png)',
  '<https://canary.example/"canary-m="1>',
] as const

const TEXTS = [...HOSTILE_TEXTS, ...CANARIES].filter((text) => text.isWellFormed() && !text.includes('\0'))

/** The fields of people and apps, each found again by its mark at the beginning of a text. */
const FIELDS = {
  title: 190,
  body: 4_000,
  comment: 4_000,
  question: 450,
  label: 48,
  loop: 190,
  description: 3_900,
  ai_context: 4_000,
  person: 190,
  workspace: 190,
  client: 190,
  agent: 90,
} as const
type Field = keyof typeof FIELDS

const markOf = (field: Field): string => `q${field.replace('_', '')}q`
const hostile = (field: Field, text: string): string => {
  const marked = `${markOf(field)} ${text}`
  return [...marked].slice(0, FIELDS[field]).join('').trim()
}
/** What a single line may not have. */
const line = (text: string): string => text.replaceAll(/[\r\n\u2028\u2029\u0085\v]/g, ' ')

/** Elements that our own pages make of texts: Markdown, what changed in a text, what was found. */
const OF_TEXTS = new Set('a blockquote br code del em hr ins li mark ol p pre section strong ul'.split(' '))
/** Attributes that only some states of our own pages have. */
const OF_STATES = new Set('role open readonly lang dir rows autofocus data-at'.split(' '))

let system: System
const stack = new AsyncDisposableStack()

const enter = async (name: string, workspace: string): Promise<Account> => {
  const browser = openBrowser(system.url)
  const email = `p${Math.abs(name.length)}.${crypto.randomUUID()}@example.com`
  const arrived = await browser.submit('/sign-up', { name, email, password: PASSWORD, workspace })
  if (arrived.url.pathname !== '/') throw new Error(`${name} could not sign up: ${arrived.text}`)
  return {
    ...{ name, email, password: PASSWORD, browser },
    browse: async (authorization) => {
      const page = await browser.open(authorization)
      return (
        await browser.submit(page.url, { decision: 'allow', further: ['loops:approve', 'loops:admin'] })
      ).url
    },
  }
}

type Page = Readonly<{ path: string; text: string }>

/** The pages that links lead to. */
const crawl = async (browser: Browser, from: readonly string[]): Promise<readonly Page[]> => {
  const [waiting, seen, pages] = [[...from], new Set(from), [] as Page[]]
  const counts = new Map<string, number>()
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const shape = shapeOf(path)
    const count = counts.get(shape) ?? 0
    if (count >= MAX_OF_SHAPE && !ONE_THING.test(shape)) continue
    counts.set(shape, count + 1)
    const { text, status, headers } = await browser.open(path)
    if (!headers.get('content-type')?.startsWith('text/html')) continue
    expect([path, status]).toEqual([path, 200])
    pages.push({ path, text })
    for (const [, link = ''] of text.matchAll(/<a[^>]*\shref="(\/[^"#]*)/g)) {
      const next = link.replaceAll('&amp;', '&')
      if (!seen.has(next) && !/^\/(?:dev|u|assets|events)\b/.test(next)) waiting.push(next)
      seen.add(next)
    }
  }
  return pages
}

/** The page of a file that is to be imported: its name, and the texts in it. */
const imported = async ({ browser }: Account, name: string, texts: readonly string[]): Promise<Page> => {
  const form = new FormData()
  const rows = texts.map((text, at) =>
    JSON.stringify({
      id: `bd-${at}`,
      title: line(hostile('title', text)),
      description: text,
      status: 'open',
    }),
  )
  form.append('source', 'beads')
  form.append('file', new Blob([rows.join('\n')]), name)
  const { url, text } = await browser.upload('/import', form)
  return { path: url.pathname, text }
}

const TAG = /<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/g
type Parts = Readonly<{ elements: ReadonlySet<string>; attributes: ReadonlySet<string>; rest: string }>

/** The elements and attributes of pages whose attributes are all quoted, and what is left of them. */
const partsOf = (pages: readonly Page[]): Parts => {
  const [elements, attributes] = [new Set<string>(), new Set<string>()]
  let rest = ''
  for (const { text } of pages)
    rest += text
      .replaceAll(/^<!doctype html>/g, '')
      .replaceAll(TAG, (_, _end, name: string, given: string) => {
        elements.add(name.toLowerCase())
        for (const [, attribute = ''] of given.replaceAll(/="[^"]*"/g, '').matchAll(/([\w:-]+)/g))
          attributes.add(attribute)
        return ''
      })
  return { elements, attributes, rest }
}

/** A workspace with a hostile text in every field, each of the texts in some. */
const fillHostile = async (agent: McpClient): Promise<readonly string[]> => {
  const further: string[] = []
  for (const [index, text] of TEXTS.entries()) {
    const loop = {
      name: line(hostile('loop', text)),
      description: hostile('description', text),
      ai_context: hostile('ai_context', text),
    }
    const { id } = (await agent.call('create_loop', loop)).loop
    const title = line(hostile('title', text))
    const task = { title, body: hostile('body', text), labels: [line(hostile('label', text))], loop_id: id }
    const task_id = (await agent.call('create_task', task)).task.id
    await agent.call('add_comment', { task_id, text: hostile('comment', text) })
    await agent.call('add_comment', { loop_id: id, text: hostile('comment', text) })
    await agent.call('update_task', { task_id, status: 'approved' })
    if (index % 4 === 0)
      await agent.call('add_comment', {
        task_id,
        text: hostile('question', text),
        kind: 'question',
        hold: true,
      })
    if (index % 4 === 1) await agent.call('claim_task', { task_id, agent: line(hostile('agent', text)) })
    if (index % 4 === 2)
      await agent.call('update_task', { task_id, status: 'open', body: `${hostile('body', text)} 2` })
    if (index % 8 === 3) await agent.call('close_loop', { loop_id: id })
    // No link leads to the page that asks before a loop is shipped, but a form does.
    further.push(`/loops/${id}/ship`)
  }
  return further
}

let plain: readonly Page[]
let pages: readonly Page[]
let member: Account

beforeAll(async () => {
  system = stack.use(await startSystem())
  const ann = await enter('Ann', 'Acme')
  const apps = [stack.use(await agentOf(system, ann)), stack.use(await agentOf(system, ann))] as const
  const { loop_id } = await fillTaskScene(...apps)
  plain = [
    ...(await crawl(ann.browser, ['/', '/search?q=old', `/loops/${loop_id}/ship`])),
    await imported(ann, 'issues.jsonl', ['Harmless']),
  ]
  member = await enter(line(hostile('person', CANARIES[1])), line(hostile('workspace', CANARIES[0])))
  const agent = stack.use(await agentOf(system, member, { name: hostile('client', CANARIES[3]) }))
  const further = await fillHostile(agent)
  const queries = Object.keys(FIELDS).map((field) => `/search?q=${markOf(field as Field)}`)
  const asked = TEXTS.map(
    (text) => `/search?${new URLSearchParams({ q: [...line(text)].slice(0, 150).join('') })}`,
  )
  pages = [
    ...(await crawl(member.browser, ['/', ...further, ...queries, ...asked])),
    await imported(member, `${CANARIES[1]} ${CANARIES[4]}.jsonl`, TEXTS),
  ]
}, 300_000)
afterAll(() => stack.disposeAsync())

test('every_page_of_the_board_is_looked_at', async () => {
  await using gateway = await openWholeGateway()
  const shapes = new Set(pages.map(({ path }) => shapeOf(path).replace(/\?.*/, '')))
  const board = gateway.routes
    .filter(
      ({ method, path }) =>
        method === 'GET' && /^\/(?:$|triage|loops|tasks|activity|search|agents|import|export)/.test(path),
    )
    .map(({ path }) => path)
  expect(board.length).toBeGreaterThan(8)
  // None is a page: a mail, shown in a frame that can do nothing, and files.
  expect(board.filter((path) => !shapes.has(path))).toEqual([
    '/loops/x/ship/mail',
    '/export/tasks.jsonl',
    '/export/tasks.md',
  ])
})

test.each(Object.keys(FIELDS) as Field[])('the_%s_is_shown_somewhere', (field) => {
  expect(pages.filter(({ text }) => text.includes(markOf(field))).length).toBeGreaterThan(0)
})

/** What of these pages no page of a harmless workspace is made of. */
const strangeIn = (shown: readonly Page[]) => {
  const [known, found] = [partsOf(plain), partsOf(shown)]
  const scripts = /<script(?![^>]*\ssrc="\/assets\/)[^>]*>/
  const led = /<h1>owned|\shref="(?!\/|https?:|#|mailto:)[^"]*"|\ssrc="(?!\/assets\/|\/loops\/)[^"]*"/
  return {
    elements: [...found.elements].filter((name) => !known.elements.has(name) && !OF_TEXTS.has(name)),
    attributes: [...found.attributes].filter((name) => !known.attributes.has(name) && !OF_STATES.has(name)),
    // What is left of well-formed pages without their tags are texts.
    broken: /.{0,80}<.{0,80}/s.exec(found.rest)?.[0],
    pages: shown.filter(({ text }) => scripts.test(text) || led.test(text)).map(({ path }) => path),
  }
}
const NOTHING = { elements: [], attributes: [], broken: undefined, pages: [] }

test('what_became_markup_would_be_seen', () => {
  const [text, made] = [plain[0]?.text ?? '', /<main[^>]*>/]
  expect(strangeIn([{ path: '/', text }])).toEqual(NOTHING)
  const all = [CANARIES[0], '<p canary-e="1">', '<script>alert(1)</script>', '<a href="javascript:x">', '< b']
  for (const markup of all)
    expect(strangeIn([{ path: '/', text: text.replace(made, (tag) => `${tag}${markup}`) }])).not.toEqual(
      NOTHING,
    )
})

test('no_text_makes_an_element_or_an_attribute', () => {
  expect(strangeIn(pages)).toEqual(NOTHING)
})

test('notes_of_what_was_done_and_refusals_show_texts_as_they_are', async () => {
  const said: Page[] = []
  for (const text of TEXTS) {
    const title = line(hostile('title', text))
    const filed = await member.browser.submit('/tasks', { title, body: text })
    const id = /<div class="done"[\s\S]*?href="\/tasks\/(\w+)"/.exec(filed.text)?.[1]
    said.push({ path: '/tasks', text: filed.text })
    if (id === undefined) continue
    const forms: readonly Record<string, string>[] = [
      { status: 'approved' },
      { title: `${title}!`, expected_version: '1' },
      { text, status: 'nonsense' },
      { labels: text },
    ]
    for (const fields of forms) {
      const path = 'labels' in fields ? `/tasks/${id}/labels` : `/tasks/${id}`
      said.push({ path, text: (await member.browser.submit(path, fields)).text })
    }
  }
  expect(said.filter(({ text }) => text.includes('action="/undo"')).length).toBeGreaterThan(TEXTS.length / 2)
  expect(strangeIn(said)).toEqual(NOTHING)
})
