// Nobody learns about things that are not theirs. After any work in a workspace and its private loops, outsiders get for
// every id, cursor and key of it the same bytes as for one that never existed. The tools are those that the server
// lists.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { type Arguments, argumentsFor } from '../support/from-schema.ts'
import type { ToolResult } from '../support/mcp-client.ts'
import {
  argumentsOf,
  cursorParameters,
  cursorsIn,
  type IdParameter,
  idParameters,
  idsIn,
  type Listed,
  type Own,
  shapeOf,
  twinOfCursor,
  without,
} from '../support/outsider.ts'
import { openWire, type Wire } from '../support/raw-http.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

/** A marker in every text written inside; the second one in those of the private loops. */
const CANARY = 'canary-of-the-quay'
const PRIVATE_CANARY = 'nightingale-of-the-attic'
const RUNS = 6
const COMMANDS = 16
const TIME_LIMIT_MS = 90_000

/** A person's app, with one kept connection. */
type Actor = Readonly<{
  call: (tool: string, args: Arguments) => Promise<ToolResult>
  user_id: string
  workspace_id: string
}>
type Outsider = Actor & Readonly<{ own: Own; nothing: Map<string, string> }>

let system: System
let tools: readonly Listed[]
let parameters: readonly IdParameter[]
/** People of every role who work on public things of the workspace, and one who works on private things only. */
let insiders: readonly Actor[]
let hermit: Actor
/** The owner of another workspace, and members of this one who are in none of the private loops. */
let stranger: Outsider
let colleagues: readonly Outsider[]
/** What was seen so far: in public things, and in the private loops. */
const open = { ids: new Set<string>(), cursors: new Set<string>(), keys: new Set<string>() }
const hidden = { ids: new Set<string>(), cursors: new Set<string>(), keys: new Set<string>() }
const wires: Wire[] = []
/** A connection to the bus, as only services have, and the workspace's events that it received. */
let bus: Bus
const published: unknown[] = []

const actorOf = async (account: Account): Promise<Actor> => {
  await using agent = await agentOf(system, account)
  const wire = openWire(new URL('/mcp', system.url), {
    Authorization: `Bearer ${agent.accessToken()}`,
    'Content-Type': 'application/json',
  })
  wires.push(wire)
  const { you, workspace } = await agent.call('get_workspace', {})
  return {
    user_id: you.user_id,
    workspace_id: workspace.id,
    call: async (name, args) => {
      const { status, text } = await wire.rpc('tools/call', { name, arguments: args })
      expect(status, text).toBe(200)
      return (JSON.parse(text) as { result: ToolResult }).result
    },
  }
}

const made = async (actor: Actor, tool: string, args: Arguments): Promise<string> => {
  const { structuredContent, isError } = await actor.call(tool, args)
  if (isError) throw new Error(`${tool} was refused: ${JSON.stringify(structuredContent)}`)
  const { loop, task } = structuredContent as { loop?: { id: string }; task?: { id: string } }
  return loop?.id ?? task?.id ?? ''
}

/** Gives an outsider their own things to call with; a viewer gets those that somebody else created. */
const outside = async (actor: Actor, creator: Actor = actor): Promise<Outsider> => {
  const loop_id = await made(creator, 'create_loop', { name: 'Mine' })
  const task_id = await made(creator, 'create_task', { title: 'Mine', loop_id })
  return { ...actor, own: { loop_id, task_id, user_id: actor.user_id }, nothing: new Map() }
}

beforeAll(async () => {
  system = await startSystem()
  bus = await connectBus(system.stack.natsUrl, 'test', createLog({ filter: 'error', topic: 'test' }))
  const ann = await signUp(system, { name: 'Ann', workspace: `${CANARY} workspace` })
  const joined = (name: string, role: 'admin' | 'member' | 'viewer') =>
    joinWorkspace(system, ann, { name, role })
  const owner = await actorOf(ann)
  const [admin, member, viewer] = [
    await actorOf(await joined('Ada', 'admin')),
    await actorOf(await joined('Mel', 'member')),
    await actorOf(await joined('Vic', 'viewer')),
  ]
  insiders = [owner, admin, member, viewer]
  bus.nc.subscribe(eventSubject('*', '*.*', owner.workspace_id), {
    callback: (_, message) => void published.push(message.json()),
  })
  hermit = await actorOf(await joined('Hal', 'member'))
  stranger = await outside(await actorOf(await signUp(system, { name: 'Eve', workspace: 'Elsewhere' })))
  colleagues = [await outside(admin), await outside(member), await outside(viewer, member)]
  // Their own loops are public, whoever lists them first and beside whatever secrets.
  for (const { own } of colleagues) for (const id of Object.values(own)) open.ids.add(id)
  await using lister = await agentOf(system, ann)
  tools = (await lister.raw.listTools()).tools as unknown as readonly Listed[]
  parameters = idParameters(tools)
})
afterAll(async () => {
  for (const wire of wires) wire[Symbol.dispose]()
  await bus?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** Puts the canary into texts, and gives keys that a repeat would reuse. */
const marked = (args: Arguments, canary: string): Arguments =>
  Object.fromEntries(
    Object.entries(args).map(([name, value]) => [
      name,
      name === 'tasks' && Array.isArray(value)
        ? value.map((item: Arguments) => marked(item, canary))
        : [
              'title',
              'body',
              'name',
              'loop_name',
              'description',
              'loop_description',
              'ai_context',
              'text',
            ].includes(name)
          ? `${canary} ${String(value).slice(0, 40)}`
          : value,
    ]),
  )

/** The same call within the private loops, so that nothing of it is ever public. */
const withdrawn = (tool: string, args: Arguments, loop_id: string): Arguments => {
  if (tool === 'create_loop' || tool === 'create_loop_from_tasks')
    return { ...args, visibility: 'private', member_ids: [] }
  if (tool === 'create_tasks')
    return { ...args, tasks: (args.tasks as Arguments[]).map((task) => ({ ...task, loop_id })) }
  if (tool === 'create_task' || ('loop_id' in args && args.loop_id === null)) return { ...args, loop_id }
  return args
}

const remember = (seen: typeof open, result: ToolResult, args: Arguments): void => {
  for (const id of idsIn(result)) seen.ids.add(id)
  for (const cursor of cursorsIn(result)) seen.cursors.add(cursor)
  if (typeof args.idempotency_key === 'string' && !result.isError) seen.keys.add(args.idempotency_key)
}

/** Ids that no answer held: of events on the bus, and in the mails that came of them. */
const overhear = async (): Promise<void> => {
  for (const id of idsIn([published, await system.mails()])) if (!open.ids.has(id)) hidden.ids.add(id)
}

/** Removes public ids from the hidden ones, whoever saw them first. */
const onlyHidden = (): string[] => [...hidden.ids].filter((id) => !open.ids.has(id))

/** Expects the same bytes for an id and for one that never existed; the latter is requested once. */
const expectNothing = async (who: Outsider, at: IdParameter, id: string): Promise<void> => {
  const tool = tools.find(({ name }) => name === at.tool) as Listed
  const ask = async (asked: string): Promise<string> => {
    const value = at.many ? [asked] : asked
    return without(await who.call(at.tool, argumentsOf(tool, who.own, { [at.parameter]: value })), asked)
  }
  const key = `${at.tool} ${at.parameter}`
  const nothing = who.nothing.get(key) ?? (await ask(ids.next()))
  who.nothing.set(key, nothing)
  expect(nothing).toMatch(/not_found|forbidden/)
  expect(await ask(id), `${key} ${id}`).toBe(nothing)
}

const probe = async (who: Outsider, seen: readonly string[]): Promise<void> => {
  for (const id of seen) for (const at of parameters) await expectNothing(who, at, id)
}

/** Everything that a person is shown without naming an id. */
const listings = async (who: Actor): Promise<string> => {
  const shown: ToolResult[] = []
  for (const [tool, args] of [
    ['get_workspace', {}],
    ['list_tasks', { scope: 'all', limit: 200 }],
    ['list_loops', { limit: 200 }],
    ['get_loop_queue', { limit: 200 }],
    ['get_next_work', { limit: 200 }],
    ['get_queue_stats', {}],
    ['get_activity', { limit: 200 }],
  ] as const)
    shown.push(await who.call(tool, args))
  return JSON.stringify(shown)
}

type Step = Readonly<{ who: number; private: boolean; tool: string; args: Arguments }>

/** Any call of any listed tool, with ids that are picked by number when the call is made. */
const step: (known: readonly string[]) => fc.Arbitrary<Step> = (known) =>
  fc
    .record({ who: fc.nat(3), private: fc.boolean(), tool: fc.constantFrom(...tools) })
    .chain(({ tool, ...rest }) =>
      argumentsFor(tool.inputSchema as never, known).map((args) => ({ ...rest, tool: tool.name, args })),
    )

/**
 * Ids of the run so far in the place of the numbered ones, so that commands meet what earlier ones made. What would have
 * most of them refused, or wait, is left out.
 */
const resolved = (
  { expected_version, member_ids, wait_seconds, ...args }: Arguments,
  slots: readonly string[],
  known: readonly string[],
): Arguments =>
  JSON.parse(
    slots.reduce(
      (text, slot, index) => text.replaceAll(slot, known[index % Math.max(known.length, 1)] ?? slot),
      JSON.stringify(args),
    ),
  ) as Arguments

const take = async (one: Step, slots: readonly string[], attic: string): Promise<void> => {
  const actor = one.private ? hermit : (insiders[one.who] as Actor)
  const seen = one.private ? hidden : open
  const known = (one.private ? onlyHidden() : [...open.ids]).toReversed()
  const args = resolved(marked(one.args, one.private ? PRIVATE_CANARY : CANARY), slots, known)
  const asked = one.private ? withdrawn(one.tool, args, attic) : args
  const result = await actor.call(one.tool, asked)
  // What the hermit sees in public lists is no secret: only what came of their own work is.
  if (!one.private || JSON.stringify(result).includes(PRIVATE_CANARY)) remember(seen, result, asked)
}

describe('whatever is done inside', () => {
  test(
    'the_outside_gets_the_bytes_of_an_id_that_never_was_and_no_word_of_it',
    async () => {
      const slots = Array.from({ length: 6 }, () => ids.next())
      const attic = await made(hermit, 'create_loop', {
        name: `${PRIVATE_CANARY} loop`,
        visibility: 'private',
      })
      const inAttic = await made(hermit, 'create_task', { title: PRIVATE_CANARY, loop_id: attic })
      for (const id of [attic, inAttic]) hidden.ids.add(id)
      const probed = new Set<string>()
      const steps = fc.array(step(slots), { minLength: COMMANDS / 2, maxLength: COMMANDS })
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          const before = await listings(stranger)
          for (const one of sequence) await take(one, slots, attic)
          for (const actor of [insiders[1] as Actor, stranger])
            remember(open, await actor.call('get_workspace', {}), {})
          await overhear()
          const fresh = (seen: readonly string[]) => seen.filter((id) => !probed.has(id))
          const inside = fresh([...open.ids, ...hidden.ids]).filter(
            (id) => !Object.values(stranger.own).includes(id) && id !== stranger.workspace_id,
          )
          const secret = fresh(onlyHidden())
          await Promise.all([
            probe(stranger, inside),
            ...colleagues.map((colleague) => probe(colleague, secret)),
          ])
          for (const id of inside) probed.add(id)
          const after = await listings(stranger)
          expect(after).toBe(before)
          expect(after).not.toContain(CANARY)
          expect(after).not.toContain(PRIVATE_CANARY)
          for (const colleague of colleagues) {
            const shown = await listings(colleague)
            expect(shown).not.toContain(PRIVATE_CANARY)
            for (const id of onlyHidden()) expect(shown).not.toContain(id)
          }
        }),
        { numRuns: RUNS, endOnFailure: true, interruptAfterTimeLimit: TIME_LIMIT_MS },
      )
      expect(probed.size).toBeGreaterThan(10)
      // Of events too, whose ids are in no answer.
      expect((published as { id: string }[]).filter(({ id }) => probed.has(id)).length).toBeGreaterThan(5)
    },
    2 * TIME_LIMIT_MS + 60_000,
  )
})

describe('afterwards', () => {
  test('a_cursor_from_inside_opens_no_more_than_one_of_something_that_never_existed', async () => {
    const lists = cursorParameters(tools)
    for (let count = 0; count < 3; count += 1) {
      await made(hermit, 'create_loop', { name: PRIVATE_CANARY, visibility: 'private' })
      await made(insiders[0] as Actor, 'create_loop', { name: CANARY })
      await made(insiders[0] as Actor, 'create_task', { title: CANARY })
    }
    for (const [seen, actor] of [
      [hidden, hermit],
      [open, insiders[0] as Actor],
    ] as const)
      for (const tool of ['list_tasks', 'list_loops', 'get_loop_queue'])
        remember(seen, await actor.call(tool, { limit: 1 }), {})
    const cursors = [...open.cursors, ...hidden.cursors]
    expect(cursors.length).toBeGreaterThan(2)
    for (const who of [stranger, ...colleagues])
      for (const { tool, parameter } of lists)
        for (const cursor of cursors) {
          const listed = tools.find(({ name }) => name === tool) as Listed
          const twin = twinOfCursor(cursor)
          const ask = async (given: string) =>
            without(await who.call(tool, argumentsOf(listed, who.own, { [parameter]: given })), given)
          const answer = await ask(cursor)
          if (who === stranger) expect(answer).toBe(await ask(twin))
          expect(answer).not.toContain(PRIVATE_CANARY)
          if (who === stranger) expect(answer).not.toContain(CANARY)
        }
  })

  test('a_key_that_was_used_inside_is_new_outside', async () => {
    const key = 'a key of the quay'
    const inside = { title: CANARY, idempotency_key: key }
    await made(insiders[0] as Actor, 'create_task', inside)
    const keyed = tools.filter(({ inputSchema }) => 'idempotency_key' in (inputSchema.properties as object))
    for (const { name } of keyed.filter((tool) => /^(create|add)/.test(tool.name)))
      for (const used of [key, ...open.keys, ...hidden.keys].slice(0, 5)) {
        const listed = tools.find((tool) => tool.name === name) as Listed
        const ask = async (idempotency_key: string) =>
          shapeOf(await stranger.call(name, argumentsOf(listed, stranger.own, { idempotency_key })))
        const answer = await ask(used)
        expect(answer, name).toBe(await ask(ids.token()))
        expect(answer).toContain('"replayed":false')
      }
  })
})
