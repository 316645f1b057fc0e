// The document of events for other teams: faultless in the eyes of AsyncAPI's own parser, complete, with examples that fit.
import { type Diagnostic, Parser } from '@asyncapi/parser'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { subscriberOperationsOf, subscriberSubject } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { asyncApi, describedEvents, eventSchema } from '../../shared/events/asyncapi.ts'
import { examplesOf } from '../../shared/events/examples.ts'

const URL_OF_ALL = 'https://loops.example.com'
const EVENTS = CONTRACTS.flatMap((contract) =>
  Object.entries(contract.events).map(([name, event]) => ({ contract, name, event })),
)
const ASKED = subscriberOperationsOf(CONTRACTS)
const document = asyncApi(CONTRACTS, URL_OF_ALL)

const parsed = async (text: string) => new Parser().parse(text)
/** 3.0 is what generators of code read. */
const NOT_THE_LATEST = 'asyncapi-latest-version'
const lines = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics
    .filter(({ code }) => code !== NOT_THE_LATEST)
    .map(({ code, message, path }) => `${code} ${path.join('.')}: ${message}`)

describe('the AsyncAPI document', () => {
  test('taken_without_a_word_by_the_official_parser', async () => {
    const { document: read, diagnostics } = await parsed(JSON.stringify(document))
    expect(lines(diagnostics)).toEqual([])
    expect(
      read
        ?.channels()
        .all()
        .map((channel) => channel.address()),
    ).toEqual([
      ...describedEvents(CONTRACTS).map(({ address }) => address),
      ...ASKED.flatMap(({ name }) => [subscriberSubject(name, '{subscriber}', '{filter}'), null]),
    ])
    const sent = read
      ?.operations()
      .all()
      .filter((operation) => operation.isSend())
    expect(sent?.map((operation) => [operation.id(), operation.reply() !== undefined])).toEqual(
      ASKED.map(({ name }) => [name, true]),
    )
  })

  test('refused_by_it_when_it_is_faulty', async () => {
    const broken = { ...document, defaultContentType: 1, channels: {} }
    expect(lines((await parsed(JSON.stringify(broken))).diagnostics).length).toBeGreaterThan(1)
  })

  test('tells_of_every_event_and_of_all_that_can_be_asked', () => {
    const asked = ASKED.flatMap(({ name }) => [name, `${name}.answer`])
    expect(Object.keys(document.channels)).toEqual([...EVENTS.map(({ name }) => name), ...asked])
  })
})

const EXAMPLES = EVENTS.flatMap(({ contract, name, event }) =>
  examplesOf(contract, name, event).map((example) => ({ name, contract, event, example })),
)
/** What the members of an event must be together, beyond what a schema can say. */
const FITS: Readonly<Record<string, (data: Readonly<Record<string, unknown>>) => boolean>> = {
  'task.updated': (data) => data.status !== data.status_before,
  'loop.created': ({ status }) => status === 'active',
  'loop.held': ({ status }) => status === 'on_hold',
  'loop.reopened': ({ status }) => status === 'active',
  'loop.members_changed': ({ visibility }) => visibility === 'private',
  'loop.shipped': ({ status }) => status === 'shipped',
  'person.role_changed': (data) => data.role !== data.role_before,
  'queue.changed': ({ change, position, order, by }) =>
    ['added', 'moved'].includes(String(change)) === (position !== null) &&
    ['reordered', 'repaired'].includes(String(change)) === (order !== null) &&
    (change === 'repaired') === (by === null),
}

test.each(EXAMPLES.map((one) => [`${one.name} ${one.example.data.change ?? ''}`.trim(), one] as const))(
  'the_example_of_%s_fits',
  (_, { name, contract, event, example }) => {
    const described = describedEvents(CONTRACTS).find((one) => one.name === name)
    const schema = described && eventSchema(described, URL_OF_ALL)
    expect(document.components.messages[name]).toMatchObject({
      examples: expect.arrayContaining([expect.objectContaining({ payload: example })]),
    })
    expect(z.fromJSONSchema(schema as never).parse(example)).toEqual(example)
    expect(z.fromJSONSchema(schema as never).safeParse({ ...example, type: 'another' }).success).toBe(false)
    const { data, ...envelope } = CloudEvent.parse(example)
    expect(event.data.parse(data)).toEqual(data)
    expect(envelope).toMatchObject({
      type: name,
      source: `/loops/${contract.name}`,
      subject: data[event.subject],
    })
    expect(data.version ?? envelope.sequence).toBe(envelope.sequence)
    const mend = 'Give the member its value in KNOWN or FORMS of shared/events/examples.ts.'
    expect(FITS[name]?.(data) ?? true, `The members do not fit FITS.${name}. ${mend}`).toBe(true)
    if ('visibility' in data && 'member_ids' in data)
      expect(data.member_ids !== null, `member_ids is for private loops alone. ${mend}`).toBe(
        data.visibility === 'private',
      )
  },
)

test('what_begins_to_be_has_its_first_version', () => {
  const sequences = EXAMPLES.map(({ name, example }) => [name, example.sequence] as const)
  const first = sequences.filter(([name]) => /\.(created|added|invited|joined)$/.test(name))
  expect(first.length).toBeGreaterThan(4)
  expect(first.filter(([, sequence]) => sequence !== 1)).toEqual([])
  expect(Object.fromEntries(sequences)['task.updated']).toBeGreaterThan(1)
})

test('each_reason_of_a_changed_order_is_described_and_has_an_example', () => {
  const { change } = loopsQueue.events['queue.changed'].data.shape
  const shown = EXAMPLES.filter(({ name }) => name === 'queue.changed').map(
    ({ example }) => example.data.change,
  )
  expect(shown).toEqual(change.options)
  for (const reason of change.options) expect(change.description).toContain(`${reason}: `)
})

test('every_schema_has_an_address_of_its_own', () => {
  const schemas = describedEvents(CONTRACTS).map((event) => eventSchema(event, URL_OF_ALL))
  expect(new Set(schemas.map(({ $id }) => $id)).size).toBe(EVENTS.length)
  expect(schemas[0]).toMatchObject({ $schema: expect.stringContaining('2020-12'), type: 'object' })
})
