// The documentation of the events: a page for people, AsyncAPI and JSON Schemas for programs. It is public, the same for
// everybody, and made once.
import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { etag, RETAINED_304_HEADERS } from 'hono/etag'
import { html } from 'hono/html'
import { CloudEvent, READING_RULES } from '../../../../shared/contracts/define/cloud-event.ts'
import { formsOf, outputSchema } from '../../../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../../../shared/contracts/index.ts'
import {
  asyncApi,
  type DescribedEvent,
  type DescribedMessage,
  describedDirectEvents,
  describedEvents,
  eventSchema,
  schemaPath,
} from '../../../../shared/events/asyncapi.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'

const MAX_AGE_S = 300

type Schema = Readonly<Record<string, unknown>>
type Row = Readonly<{ path: string; type: string; about: string }>

const kindOf = (schema: Schema): string => {
  const forms = formsOf(schema)
  if (forms.length > 1) return forms.map(kindOf).join(' or ')
  if (Array.isArray(schema.enum)) return schema.enum.join(', ')
  if ('const' in schema) return JSON.stringify(schema.const)
  if (schema.type === 'array') return `list of: ${kindOf(schema.items as Schema)}`
  if (schema.format === 'date-time') return 'time (ISO 8601, UTC)'
  if (schema.format === 'date') return 'date (YYYY-MM-DD)'
  if (typeof schema.pattern === 'string') return 'id'
  const names: Readonly<Record<string, string>> = {
    string: 'text',
    integer: 'whole number',
    boolean: 'yes or no',
  }
  return names[String(schema.type)] ?? String(schema.type)
}

/** The schema of a member's own members, if it has any. */
const innerOf = (schema: Schema): Schema | undefined => {
  if (schema.properties) return schema
  const options = [schema.items, ...((schema.anyOf ?? []) as readonly unknown[])]
  return options
    .filter((option) => option !== undefined)
    .map((option) => innerOf(option as Schema))
    .find((inner) => inner !== undefined)
}

/** All members as rows, at every depth; `?` marks one that may be absent. */
const rowsOf = (schema: Schema, before = ''): readonly Row[] =>
  Object.entries((schema.properties ?? {}) as Record<string, Schema>).flatMap(([name, member]) => {
    const always = ((schema.required ?? []) as readonly string[]).includes(name)
    const path = `${before}${name}`
    const row = {
      path: always ? path : `${path}?`,
      type: kindOf(member),
      about: String(member.description ?? ''),
    }
    const inner = innerOf(member)
    return [row, ...(inner ? rowsOf(inner, `${path}${member.type === 'array' ? '[]' : ''}.`) : [])]
  })

/** A sentence of a contract, with what stands in backticks as code. */
const withCode = (text: string): readonly Html[] =>
  text.split('`').map((part, index) => (index % 2 === 0 ? html`${part}` : html`<code>${part}</code>`))

/** A long name that may break between its parts. */
const breakable = (path: string): readonly Html[] =>
  path.split(/(?<=[.\]])/).map((part) => html`${part}<wbr>`)

const table = (label: string, rows: readonly Row[]): Html => html`<table aria-label="${label}">
      <thead><tr><th scope="col">Member</th><th scope="col">Holds</th></tr></thead>
      <tbody>${rows.map(
        ({ path, type, about }) =>
          html`<tr><th scope="row"><code>${breakable(path)}</code></th><td>${type}${about === '' ? '' : html`<br><span class="small">${withCode(about)}</span>`}</td></tr>`,
      )}</tbody>
    </table>`

const section = (
  event: DescribedMessage & Partial<DescribedEvent>,
): Html => html`<section class="card" id="${event.name}">
      <h2>${event.name}</h2>
      <p>${withCode(event.description)}</p>
      <dl class="facts">
        <dt>NATS subject</dt><dd>${event.address === undefined ? 'none' : html`<code>${event.address}</code>`}</dd>
        <dt>Over HTTP</dt><dd>${withCode(event.overHttp)}</dd>
        <dt>Subject</dt><dd><code>${event.entity}</code> of the data</dd>
        <dt>Schema</dt><dd><a href="${schemaPath(event.name)}">JSON Schema</a></dd>
      </dl>
      ${table(`Data of ${event.name}`, rowsOf(event.data))}
      ${event.examples.map(
        (example) =>
          html`<details><summary>Example${typeof example.data.change === 'string' ? ` of ${example.data.change}` : ''}</summary><pre>${JSON.stringify(example, null, 2)}</pre></details>`,
      )}
    </section>`

const eventsPage = (events: readonly DescribedMessage[]): Page => ({
  title: 'Events',
  language: 'en',
  wide: true,
  body: html`<h1>Events</h1>
    <p class="lead">What your own programs can read from the NATS JetStream stream <code>EVENTS</code>. Each event is delivered at least once, as a CloudEvents 1.0 document. All of this is also available <a href="/asyncapi.json">as AsyncAPI</a>.</p>
    <div class="card">
      <h2>Every event</h2>
      <ul>${Object.values(READING_RULES).map((rule) => html`<li>${withCode(rule)}</li>`)}</ul>
      ${table('Envelope of every event', rowsOf(outputSchema(CloudEvent)))}
    </div>
    <nav class="card" aria-label="Events">
      <h2>All events</h2>
      <ul>${events.map(
        ({ name, description }) => html`<li><a href="#${name}">${name}</a> ${withCode(description)}</li>`,
      )}</ul>
    </nav>
    ${events.map(section)}`,
})

/** Serves a document that stays the same until the next release: any cache may keep it. */
const cacheable = (document: unknown): ((c: Ctx) => Response) => {
  const text = JSON.stringify(document)
  const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`
  const headers = {
    'Content-Type': 'application/json',
    // Made once here: hono/etag would hash each answer again.
    ETag: tag,
    'Cache-Control': `public, max-age=${MAX_AGE_S}`,
    // Tools that show such documents fetch them from their own pages.
    'Access-Control-Allow-Origin': '*',
  }
  return (c) => c.body(text, 200, headers)
}

/** Answers 304 to whoever has the document of this tag already. */
const revalidate = etag({ retainedHeaders: [...RETAINED_304_HEADERS, 'Access-Control-Allow-Origin'] })

/** `/events`, `/asyncapi.json` and the schema of each event. */
export const eventRoutes = (publicUrl: string): Hono<GatewayEnv> => {
  const routes = new Hono<GatewayEnv>()
  const events = [...describedEvents(CONTRACTS), ...describedDirectEvents(CONTRACTS)]
  routes.get('/events', (c) => send(c, eventsPage(events)))
  routes.get('/asyncapi.json', revalidate, cacheable(asyncApi(CONTRACTS, publicUrl)))
  for (const event of events)
    routes.get(schemaPath(event.name), revalidate, cacheable(eventSchema(event, publicUrl)))
  return routes
}
