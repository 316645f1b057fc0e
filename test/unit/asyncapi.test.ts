// The document of events for other teams: faultless in the eyes of AsyncAPI's own parser, complete, with examples that fit.
import { readFileSync } from 'node:fs'
import { type Diagnostic, Parser } from '@asyncapi/parser'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { asyncApi, describedEvents, eventSchema } from '../../shared/asyncapi.ts'
import { CloudEvent } from '../../shared/cloud-event.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'

const URL_OF_ALL = 'https://loops.example.com'
const EVENTS = CONTRACTS.flatMap((contract) =>
  Object.entries(contract.events).map(([name, event]) => ({ contract, name, event })),
)
const document = asyncApi(CONTRACTS, URL_OF_ALL)

const parsed = async (text: string) => new Parser().parse(text)
const lines = (diagnostics: readonly Diagnostic[]): string[] =>
  diagnostics.map(({ code, message, path }) => `${code} ${path.join('.')}: ${message}`)

describe('the AsyncAPI document', () => {
  test('taken_without_a_word_by_the_official_parser', async () => {
    const { document: read, diagnostics } = await parsed(JSON.stringify(document))
    expect(lines(diagnostics)).toEqual([])
    expect(
      read
        ?.channels()
        .all()
        .map((channel) => channel.address()),
    ).toEqual(describedEvents(CONTRACTS).map(({ address }) => address))
    expect(
      read
        ?.operations()
        .all()
        .every((operation) => operation.isReceive()),
    ).toBe(true)
  })

  test('refused_by_it_when_it_is_faulty', async () => {
    const broken = { ...document, defaultContentType: 1, channels: {} }
    expect(lines((await parsed(JSON.stringify(broken))).diagnostics).length).toBeGreaterThan(1)
  })

  test('tells_of_every_event', () => {
    expect(Object.keys(document.channels)).toEqual(EVENTS.map(({ name }) => name))
  })
})

test.each(EVENTS.map((one) => [one.name, one] as const))(
  'the_example_of_%s_fits',
  (name, { contract, event }) => {
    const example = document.components.messages[name]?.examples[0]?.payload
    const schema = document.components.schemas[name]
    expect(z.fromJSONSchema(schema as never).parse(example)).toEqual(example)
    expect(z.fromJSONSchema(schema as never).safeParse({ ...example, type: 'another' }).success).toBe(false)
    const { data, ...envelope } = CloudEvent.parse(example)
    expect(event.data.parse(data)).toEqual(data)
    expect(envelope).toMatchObject({
      type: name,
      source: `/loops/${contract.name}`,
      subject: data[event.subject],
    })
  },
)

test('every_schema_has_an_address_of_its_own', () => {
  const schemas = describedEvents(CONTRACTS).map((event) => eventSchema(event, URL_OF_ALL))
  expect(new Set(schemas.map(({ $id }) => $id)).size).toBe(EVENTS.length)
  expect(schemas[0]).toMatchObject({ $schema: expect.stringContaining('2020-12'), type: 'object' })
})

test('the_page_for_other_teams_shows_an_event_as_it_is', () => {
  const page = readFileSync(new URL('../../infra/examples/README.md', import.meta.url), 'utf8')
  const shown = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? '{}') as { type?: string }
  expect(shown).toEqual(describedEvents(CONTRACTS).find(({ name }) => name === shown.type)?.example)
})
