// A page that a service declares in its contract alone, as people see and use it: a made-up service of notes on a real bus,
// which the gateway has never heard of.
import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { GatewayEnv } from '../../services/gateway/http/env.ts'
import { refuseForeignForm } from '../../services/gateway/http/guards.ts'
import { onError } from '../../services/gateway/http/problems.ts'
import { listen } from '../../services/gateway/listen.ts'
import { pageRoutes } from '../../services/gateway/web/routes.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { serve } from '../../shared/bus/serve.ts'
import { Cursor, Limit, NextCursor } from '../../shared/contracts/define/common.ts'
import {
  type Contract,
  defineContract,
  type Handlers,
  internal,
} from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { keysOf } from '../support/keys.ts'
import { panelFaults } from '../support/panel-guards.ts'
import { ids } from '../support/service-environment.ts'

const id = z.string().max(64)
const notes = defineContract({
  name: 'notes',
  version: '1.0.0',
  description: 'Notes of a test.',
  operations: {
    list_notes: internal({
      description: 'Notes by name.',
      input: z.object({ limit: Limit, cursor: Cursor }),
      output: z.object({
        notes: z.array(
          z.object({
            id,
            text: z.string(),
            tone: z.enum(['kind', 'rather_stern']),
            tags: z.array(z.string()),
            at: z.iso.datetime(),
          }),
        ),
        next_cursor: NextCursor,
      }),
      errors: [],
    }),
    add_note: internal({
      description: 'Adds a note.',
      input: z.strictObject({
        text: z.string().min(3, 'is too short').max(80).meta({ title: 'What to note' }),
        tone: z.enum(['kind', 'rather_stern']),
        tags: z
          .array(z.enum(['red', 'green']))
          .max(2)
          .describe('None is fine.'),
      }),
      output: z.object({ key: z.string() }),
      errors: ['already_exists'],
    }),
    drop_note: internal({
      description: 'Drops a note.',
      input: z.strictObject({ note_id: id }),
      output: z.object({}),
      errors: ['not_found'],
    }),
    list_readers: internal({
      description: 'Who read a note.',
      input: z.object({ note_id: id, limit: Limit, cursor: Cursor }),
      output: z.object({
        text: z.string(),
        readers: z.array(z.object({ name: z.string() })),
        next_cursor: NextCursor,
      }),
      errors: [],
    }),
    remind_readers: internal({
      description: 'Reminds everybody who read a note.',
      input: z.strictObject({ note_id: id }),
      output: z.object({}),
      errors: [],
    }),
  },
  events: {},
  panel: {
    path: 'notes',
    title: 'Notes',
    intro: 'What was noted.',
    roles: ['owner', 'admin'],
    table: {
      operation: 'list_notes',
      rows: 'notes',
      columns: [
        { member: 'text', heading: 'Note' },
        { member: 'tone', heading: 'Tone' },
        { member: 'tags', heading: 'Tags', none: 'untagged' },
        { member: 'at', heading: 'Noted' },
      ],
      empty: 'Nothing was noted yet.',
      actions: [
        {
          operation: 'drop_note',
          label: 'Drop',
          from: { note_id: 'id' },
          when: { member: 'tone', is: ['kind'] },
          confirm: 'It is gone then.',
          done: 'The note is gone.',
        },
      ],
    },
    actions: [
      {
        operation: 'add_note',
        title: 'Add a note',
        label: 'Note it',
        done: 'Noted. Its key:',
        reveal: 'key',
      },
    ],
    detail: {
      path: 'readers',
      label: 'Readers',
      title: 'Readers',
      intro: 'Who read it.',
      from: { note_id: 'id' },
      table: {
        operation: 'list_readers',
        rows: 'readers',
        about: 'text',
        columns: [{ member: 'name', heading: 'Name' }],
        empty: 'Nobody yet.',
        actions: [],
      },
      actions: [
        {
          operation: 'remind_readers',
          label: 'Remind them',
          from: { note_id: 'note_id' },
          done: 'They are reminded.',
        },
      ],
    },
  },
})

type Note = Readonly<{ id: string; text: string; tone: 'kind' | 'rather_stern'; tags: string[]; at: string }>
let kept: Note[] = []
let reminded: string[] = []
const AT = '2026-03-04T05:06:07.000Z'

const handlers: Handlers<typeof notes> = {
  list_notes: async ({ limit, cursor }) => {
    const start = cursor ? Number(cursor) : 0
    const end = start + limit
    return { notes: kept.slice(start, end), next_cursor: end < kept.length ? String(end) : null }
  },
  add_note: async (given) => {
    if (kept.some(({ text }) => text === given.text))
      throw new AppError('already_exists', 'That is noted already.', { details: { field: 'text' } })
    kept.push({ id: ids.next(), at: AT, ...given })
    return { key: 'key-of-it' }
  },
  drop_note: async ({ note_id }) => {
    if (!kept.some((note) => note.id === note_id)) throw new AppError('not_found', 'It is gone already.')
    kept = kept.filter((note) => note.id !== note_id)
    return {}
  },
  list_readers: async ({ note_id }) => ({
    text: kept.find((note) => note.id === note_id)?.text ?? '',
    readers: [{ name: 'Bo' }],
    next_cursor: null,
  }),
  remind_readers: async ({ note_id }) => {
    reminded.push(note_id)
    return {}
  },
}

const stack = new AsyncDisposableStack()
let environment: GatewayEnvironment
let site: string

beforeAll(async () => {
  environment = stack.use(await openGatewayEnvironment())
  const log = createLog({ filter: 'error', topic: 'notes' })
  const bus = stack.use(await connectBus(environment.stack.natsUrl, 'notes', log, keysOf('notes')))
  stack.use(await serve(bus, notes, handlers, { clock }))
  // The same site with one more contract, whose page is served beside those of every gateway.
  const app = new Hono<GatewayEnv>()
  const listener = await listen((request, env) => app.fetch(request, env), '127.0.0.1', 0)
  stack.defer(() => listener.close())
  site = `http://${listener.address}`
  app.use(refuseForeignForm(site))
  app.onError(onError(log))
  app.route('/', pageRoutes({ ...environment.deps, public_url: site, contracts: [notes] }, environment.live))
})
afterAll(() => stack.disposeAsync())
beforeEach(() => {
  kept = []
  reminded = []
})

/** A person with a workspace and a confirmed address. */
const member = async () => {
  const { browser, email } = await signUp({ url: site } as Parameters<typeof signUp>[0], { name: 'Ann' })
  await environment.db.collection('people').updateOne({ email }, { $set: { confirmed_at: clock.now() } })
  return browser
}
const PAGE = '/workspace/notes'

describe('a declared page', () => {
  test('says_that_there_are_no_rows', async () => {
    const { text, status } = await (await member()).open(PAGE)
    expect(status).toBe(200)
    expect(text).toContain('Nothing was noted yet.')
    expect(text).toContain('What to note')
  })

  test('takes_a_form_and_shows_its_answer_once', async () => {
    const browser = await member()
    const added = await browser.submit(`${PAGE}/add_note`, {
      text: 'Water <b>the</b> plants',
      tone: 'rather_stern',
      tags: ['red', 'green'],
    })
    expect(added.text).toContain('key-of-it')
    const { text } = await browser.open(PAGE)
    expect(text).not.toContain('key-of-it')
    expect(text).toContain('Water &lt;b&gt;the&lt;/b&gt; plants')
    expect(text).toContain('rather stern')
    expect(text).toContain('red, green')
    expect(text).toContain('2026-03-04 05:06 UTC')
  })

  test('shows_a_form_again_with_the_fault_at_its_field', async () => {
    const browser = await member()
    const short = await browser.submit(`${PAGE}/add_note`, {
      text: 'no',
      tone: 'rather_stern',
      tags: 'green',
    })
    expect(short.status).toBe(400)
    expect(short.text).toMatch(/id="add_note-text-fault">Is too short/)
    expect(short.text).toMatch(/value="no"[^>]*aria-invalid="true"/)
    expect(short.text).toMatch(/value="rather_stern" selected/)
    expect(short.text).toMatch(/value="green"\s+checked/)
    await browser.submit(`${PAGE}/add_note`, { text: 'twice', tone: 'kind' })
    const twice = await browser.submit(`${PAGE}/add_note`, { text: 'twice', tone: 'kind' })
    expect([twice.status, twice.text]).toEqual([409, expect.stringContaining('That is noted already.')])
  })

  test('offers_a_button_only_in_its_rows_and_runs_its_operation', async () => {
    kept = [
      { id: '1', text: 'First', tone: 'kind', tags: [], at: AT },
      { id: '2', text: 'Second', tone: 'rather_stern', tags: [], at: AT },
    ]
    const browser = await member()
    const before = await browser.open(PAGE)
    expect(before.text).toContain('aria-label="Drop: First"')
    expect(before.text).not.toContain('aria-label="Drop: Second"')
    expect(before.text).toContain('untagged')
    const dropped = await browser.submit(`${PAGE}/drop_note`, { note_id: '1' })
    expect(dropped.url.pathname).toBe(PAGE)
    expect(dropped.text).toContain('The note is gone.')
    expect(kept.map(({ text }) => text)).toEqual(['Second'])
    const again = await browser.submit(`${PAGE}/drop_note`, { note_id: '1' })
    expect([again.status, again.text]).toEqual([404, expect.stringContaining('It is gone already.')])
  })

  test('leads_to_the_details_of_a_row_and_back', async () => {
    kept = [{ id: 'a', text: 'First', tone: 'kind', tags: [], at: AT }]
    const browser = await member()
    const { text } = await browser.open(PAGE)
    const href = /href="([^"]+)" aria-label="Readers: First"/.exec(text)?.[1] ?? ''
    expect(href).toBe(`${PAGE}/readers?note_id=a`)
    const detail = await browser.open(href)
    expect(detail.text).toContain('<strong>First</strong>')
    expect(detail.text).toContain('Bo')
    const done = await browser.submit(`${PAGE}/readers/remind_readers?note_id=a`, { note_id: 'a' })
    expect(`${done.url.pathname}${done.url.search}`).toBe(`${PAGE}/readers?note_id=a&done=remind_readers`)
    expect(done.text).toContain('They are reminded.')
    expect(reminded).toEqual(['a'])
  })

  test('links_to_the_next_rows', async () => {
    kept = Array.from({ length: 60 }, (_, index) => ({
      id: String(index),
      text: `Note ${index}.`,
      tone: 'kind' as const,
      tags: [],
      at: AT,
    }))
    const browser = await member()
    const first = await browser.open(PAGE)
    expect(first.text).not.toContain('Note 55.')
    const next = /href="([^"]+)">Next page/.exec(first.text)?.[1] ?? ''
    const second = await browser.open(next)
    expect(second.text).toContain('Note 55.')
    expect(second.text).not.toContain('Next page')
  })

  test('sends_people_who_are_not_signed_in_to_sign_in', async () => {
    const { url } = await openBrowser(site).open(PAGE)
    expect(url.pathname).toBe('/sign-in')
  })

  test('is_refused_and_not_linked_for_other_roles', async () => {
    const browser = await member()
    const link = `href="${PAGE}"`
    expect((await browser.open('/workspace')).text).toContain(link)
    await environment.db.collection('people').updateMany({}, { $set: { 'memberships.$[].role': 'member' } })
    const { status } = await browser.open(PAGE)
    expect(status).toBe(403)
    const posted = await browser.submit(`${PAGE}/add_note`, { text: 'sneaked in', tone: 'kind' })
    expect(posted.status).toBe(403)
    expect(kept).toEqual([])
    expect((await browser.open('/workspace')).text).not.toContain(link)
  })

  test('refuses_the_form_of_another_site', async () => {
    const answer = await fetch(`${site}${PAGE}/add_note`, {
      method: 'POST',
      headers: { origin: 'https://evil.example' },
      body: new URLSearchParams({ text: 'forged', tone: 'kind' }),
    })
    expect(answer.status).toBe(403)
    expect(kept).toEqual([])
  })
})

describe('the declaration of a page', () => {
  test.each(CONTRACTS.filter(({ panel }) => panel).map((contract) => [contract.name, contract] as const))(
    'of_%s_names_what_there_is',
    (_, contract) => {
      expect(panelFaults(contract)).toEqual([])
    },
  )

  test('has_an_address_of_its_own', () => {
    const paths = CONTRACTS.flatMap(({ panel }) => (panel ? [panel.path] : []))
    expect(new Set(paths).size).toBe(paths.length)
    for (const path of paths) expect(path).toMatch(/^[a-z]+(-[a-z]+)*$/)
  })

  test('is_refused_when_it_is_faulty', () => {
    expect(panelFaults(notes)).toEqual([])
    const { panel } = notes
    const table = panel.table
    const faulty: Contract = {
      ...notes,
      panel: {
        ...panel,
        table: {
          ...table,
          about: 'subject',
          filter: { member: 'limit', label: 'How many' },
          columns: [{ member: 'colour', heading: 'Colour' }],
          actions: [
            { operation: 'drop_note', label: 'Drop', from: { id: 'number' }, done: 'Done.' },
            {
              operation: 'drop_note',
              label: 'Drop',
              from: { note_id: 'id' },
              when: { member: 'tone', is: ['rude'] },
              reveal: 'key',
              done: 'Done.',
            },
            { operation: 'burn_note', label: 'Burn', done: 'Done.' },
          ],
        },
        actions: [{ operation: 'add_note', label: 'Add', done: 'Done.' }],
        detail: { ...panel.detail, from: { reader_id: 'reader' } },
      },
    }
    expect(panelFaults(faulty)).toEqual([
      'list_notes answers no subject',
      'list_notes takes no words as limit',
      'a row of list_notes has no colour',
      'drop_note takes no id',
      'number, which drop_note is filled from, does not exist',
      'the button drop_note leaves note_id unfilled: name it in from',
      'drop_note answers no text key to reveal',
      'drop_note is shown when tone is rude, which it never is',
      'burn_note is no internal operation of this contract',
      'the form add_note has no title: declare one',
      'a row of list_notes has no reader',
      'list_readers takes no reader_id',
      'note_id, which remind_readers is filled from, does not exist',
    ])
  })
})
