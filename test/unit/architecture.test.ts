// The invariants of the code, held over every file; and each rule shown to find what it is there for.
import { describe, expect, test } from 'vitest'
import { RULES } from '../support/architecture/rules.ts'
import { parseSource, readSources } from '../support/architecture/source.ts'

const HEAD = '// A file that is there to be judged by a test.\n'
const lines = (count: number): string => "  console.log('a line')\n".repeat(count)

type Sample = Readonly<{ path: string; bad: readonly string[]; good: readonly string[] }>

/** Per rule: texts that break it, one fault each, and texts that come near and do not. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  services_meet_only_in_contracts: {
    path: 'services/tasks/handlers.ts',
    bad: [
      "import { queue } from '../loops-queue/queue.ts'",
      "import type { Queue } from '../loops-queue/queue.ts'",
      "export const load = () => import('../gateway/app.ts')",
      "export { ensure } from '../../infra/servers/resolve.ts'",
      "import { stack } from '../../test/support/stack.ts'",
    ],
    good: [
      "import { tasks } from '../../shared/contracts/tasks/contract.ts'",
      "import { task } from './task.ts'",
      "import type { Started } from '../start.ts'",
    ],
  },
  rooms_import_from_those_below: {
    path: 'shared/storage/aggregate.ts',
    bad: [
      "import { publish } from '../events/publish.ts'",
      "import type { Bus } from '../bus/connect.ts'",
      "import { openHost } from '../service.ts'",
    ],
    good: [
      "import { systemClock } from '../process/clock.ts'",
      "import { mongo } from './mongo.ts'",
      "import type { AppError } from '../contracts/define/errors.ts'",
    ],
  },
  packages_stay_where_they_are_known: {
    path: 'services/tasks/handlers.ts',
    bad: [
      "import { connect } from '@nats-io/transport-node'",
      "import type { Collection } from 'mongodb'",
      "import nodemailer from 'nodemailer'",
      "import { SMTPServer } from 'smtp-server'",
      "import { Hono } from 'hono'",
      "import { SignJWT } from 'jose'",
      "import { ulid } from 'ulid'",
    ],
    good: ["import * as z from 'zod'"],
  },
  large_packages_are_loaded_when_used: {
    path: 'services/notifier/emails/render.ts',
    bad: [
      "import mjml2html from 'mjml'",
      "import { simpleParser } from 'mailparser'",
      "import { DryMongoBinary } from 'mongodb-memory-server-core/lib/util/DryMongoBinary.js'",
    ],
    good: [
      "export const load = () => import('mjml')",
      "import type { ParsedMail } from 'mailparser'",
      "import { createTransport } from 'nodemailer'",
    ],
  },
  only_stores_write_to_the_database: {
    path: 'services/tasks/handlers.ts',
    bad: ['export const f = (c: C) => c.updateOne({}, {})', 'export const f = (c: C) => c.deleteMany({})'],
    good: ['export const f = (store: S) => store.save(1)'],
  },
  only_config_reads_the_environment: {
    path: 'services/tasks/main.ts',
    bad: ['export const port = () => process.env.PORT', "export const p = () => process.env['PORT']"],
    good: [
      'export const stop = () => process.exit(0)',
      '// process.env is read elsewhere\nexport const a = 1',
    ],
  },
  only_clock_and_ids_read_time_and_chance: {
    path: 'services/tasks/task-rules.ts',
    bad: [
      'export const f = () => new Date()',
      'export const f = () => Date.now()',
      'export const f = () => Date()',
      'export const f = () => performance.now()',
      'export const f = () => Math.random()',
      'export const f = () => crypto.randomUUID()',
      "import { randomBytes } from 'node:crypto'\nexport const f = () => randomBytes(32)",
    ],
    good: ['export const f = (at: string) => new Date(at)', 'export const f = (clock: Clock) => clock.now()'],
  },
  pure_files_are_pure: {
    path: 'services/tasks/task-rules.ts',
    bad: [
      'export const f = async () => 1',
      "import { systemClock } from '../../shared/process/clock.ts'",
      "import { store } from './task-store.ts'",
      "import { readFileSync } from 'node:fs'",
      "import { randomBytes } from 'node:crypto'",
    ],
    good: [
      "import { createHash } from 'node:crypto'\nimport { AppError } from '../../shared/contracts/define/errors.ts'",
      "import { isReady } from './ready-rules.ts'",
      "import type { Aggregate } from '../../shared/storage/aggregate.ts'",
      "import { type Store } from './task-store.ts'",
    ],
  },
  names_are_the_words_of_the_field: {
    path: 'services/tasks/counter-store.ts',
    bad: ['export const openTallies = 1', 'export type Wish = 1', 'export function settleAll() {}'],
    good: [
      'export const deadLetters = 1',
      'const wish = 1',
      'export type Counters = Readonly<{ uncounted: 1 }>',
    ],
  },
  exports_have_names: {
    path: 'shared/contracts/define/errors.ts',
    bad: ['export default 1', "export * from './other.ts'"],
    good: ['export const a = 1', "export { a } from './other.ts'"],
  },
  imports_run_as_written: {
    path: 'shared/contracts/define/errors.ts',
    bad: ["import { a } from './other'", "import { a } from './other.js'", "import { a } from 'fs'"],
    good: [
      "import { a } from './other.ts'",
      "import { a } from 'node:fs'",
      "import * as z from 'zod'",
      "import a from './a.json' with { type: 'json' }",
    ],
  },
  importing_does_nothing: {
    path: 'services/tasks/main.ts',
    bad: [
      "console.log('hello')",
      'let count = 0',
      'if (true) start()',
      "export const config = await load('a')",
      "import { readFileSync } from 'node:fs'\nexport const text = readFileSync('a', 'utf8')",
    ],
    good: [
      "import { readFileSync } from 'node:fs'\nexport const read = () => readFileSync('a', 'utf8')",
      'export const set = new Set([1])\nexport type A = string\nexport function f() {}\nclass B {}',
    ],
  },
  files_are_short: { path: 'shared/a.ts', bad: ['\n'.repeat(400)], good: ['\n'.repeat(390)] },
  short_files_say_why_they_stand_alone: {
    path: 'shared/a.ts',
    bad: ['export const a = 1\n'],
    good: ['// Apart, because two rooms use it.\nexport const a = 1\n', '\n'.repeat(30)],
  },
  functions_are_short: {
    path: 'shared/a.ts',
    bad: [
      `export const f = () => {\n${lines(59)}}`,
      `export function f() {\n${lines(59)}}`,
      `export const f = () => ({\n  a: () => {\n${lines(30)}},\n  b: () => {\n${lines(30)}} })`,
    ],
    good: [`export const f = () => {\n${lines(58)}}`],
  },
  types_can_be_erased: {
    path: 'shared/a.ts',
    bad: [
      'enum A { B }',
      'namespace A { export const b = 1 }',
      'class A { constructor(private readonly b: string) {} }',
      "import fs = require('node:fs')",
    ],
    good: [
      "declare module 'vitest' { interface ProvidedContext { url: string } }",
      'class A { readonly b: string\n constructor(b: string) { this.b = b } }',
      'const a = 1 as const',
    ],
  },
  checks_are_not_silenced: {
    path: 'shared/a.ts',
    bad: [
      'export const f = (a: any) => a',
      '// @ts-ignore: it works\nexport const a = 1',
      '/* biome-ignore lint: it works */\nexport const a = 1',
    ],
    good: ['export const any = 1'],
  },
  files_say_what_they_hold: {
    path: 'shared/a.ts',
    bad: [],
    good: ['export const a = 1'],
  },
  subjects_are_derived: {
    path: 'services/tasks/main.ts',
    bad: [
      "export const subject = 'rpc.tasks.create_task'",
      'export const filter = () => `evt.tasks.task.created.*`',
    ],
    good: ["export const name = 'task.created'"],
  },
  a_service_is_added_without_touching_another: {
    path: 'services/gateway/web/routes.ts',
    bad: [
      "import { webhooks } from '../../../shared/contracts/webhooks/contract.ts'",
      "export const path = '/workspace/webhooks'",
      '// Shows the webhooks.\nexport const a = 1',
    ],
    good: ["import { panelRoutes } from './panel.ts'"],
  },
  one_write_changes_one_document: {
    path: 'services/tasks/task-store.ts',
    bad: ['export const f = (c: C) => c.startSession()', 'export const f = (c: C) => c.watch([])'],
    good: [
      'export const f = (c: C) => c.findOne({})',
      'export const f = (c: C) => c.startSession({ snapshot: true })',
    ],
  },
  collections_are_opened_and_read_in_one_way: {
    path: 'services/tasks/task-store.ts',
    bad: [
      "export const open = (db: Db) => db.collection<Task>('tasks')",
      "export const open = async (db: Db) => aggregates(await openCollection(db, 'tasks', { indexes: [] }), 1)",
      `export const open = async (db: Db) => {
        const { collection, read } = await openCollection(db, 'tasks', { indexes: [], upgrades: UPGRADES })
        const find = async () => read(await collection.findOne({}))
        return { find, first: () => collection.findOne({}) }
      }`,
      `export const open = (db: Db) => {
        const opened = lookInto(db, 'tasks', { upgrades: UPGRADES })
        const { collection: tasks } = opened
        return { all: () => tasks.find().project({ title: 1 }).toArray() }
      }`,
      `export const open = (db: Db) => {
        const opened = lookInto(db, 'tasks', { upgrades: UPGRADES })
        return { all: () => opened.collection.find().toArray() }
      }`,
    ],
    good: [
      "export const open = async (db: Db) => aggregates(await openCollection(db, 'tasks', { indexes: [OUTBOX_INDEX] }), 1)",
      `export const open = async (db: Db) => {
        const { collection, read } = await openCollection(db, 'tasks', { indexes: [], upgrades: UPGRADES })
        const find = async () => read(await collection.findOne({}))
        const ids = () => collection.find().project({ _id: 1 }).toArray()
        return { find, ids }
      }`,
      `export const open = async (db: Db) => {
        const { collection } = await openCollection(db, 'tasks', { indexes: [] })
        return { first: () => collection.findOne({}) }
      }`,
    ],
  },
}

const sources = readSources()

test('every file was read', () => {
  const paths = sources.map(({ path }) => path)
  expect(paths).toEqual(
    expect.arrayContaining(['services/run.ts', 'shared/contracts/define/contract.ts', 'infra/contracts.ts']),
  )
})

describe.each(Object.entries(RULES))('%s', (name, rule) => {
  test('in every file', () => {
    const faults = sources
      .filter(({ path }) => rule.holds(path))
      .flatMap((source) => rule.faults(source).map((fault) => `${source.path}: ${fault}`))
    expect(faults).toEqual([])
  })

  test('found where it is broken', () => {
    const sample = SAMPLES[name]
    if (!sample) throw new Error(`no sample for ${name}`)
    expect(rule.holds(sample.path)).toBe(true)
    for (const text of sample.bad)
      expect(rule.faults(parseSource(sample.path, HEAD + text)), text).toHaveLength(1)
    for (const text of sample.good)
      expect(rule.faults(parseSource(sample.path, HEAD + text)), text).toEqual([])
  })
})

test('a file that does not open with what it holds is found', () => {
  const faults = (text: string) => RULES.files_say_what_they_hold?.faults(parseSource('shared/a.ts', text))
  expect(faults('export const a = 1\n')).toHaveLength(1)
  expect(faults('// Stuff\nexport const a = 1\n')).toHaveLength(1)
})

test('a file whose head calls it pure is held to it', () => {
  const faults = (head: string) =>
    RULES.pure_files_are_pure?.faults(
      parseSource('services/tasks/x.ts', `${head}\nexport const f = async () => 1`),
    )
  expect(faults('// What a task may become. Pure.')).toHaveLength(1)
  expect(faults('// What a task may become.')).toEqual([])
})
