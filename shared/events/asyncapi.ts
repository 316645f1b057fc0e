// The events of all contracts as AsyncAPI and JSON Schema, for teams that write programs against them. Pure.
//
// https://www.asyncapi.com/docs/reference/specification/v3.0.0
import * as z from 'zod'
import { CloudEvent, READING_PARAGRAPH } from '../contracts/define/cloud-event.ts'
import * as c from '../contracts/define/common.ts'
import {
  type Contract,
  type EventDeclaration,
  eventFilter,
  eventSubject,
  subscriberOperationsOf,
  subscriberSubject,
} from '../contracts/define/contract.ts'
import { inputSchema, type JsonSchema, outputSchema } from '../contracts/define/json-schema.ts'
import { namedSchemas, typeName } from '../contracts/define/schema-names.ts'
import { examplesOf } from './examples.ts'

/** An event, described without regard to how it is sent. */
export type DescribedMessage = Readonly<{
  service: string
  name: string
  description: string
  /** The member of `data` that names what the event is about. */
  entity: string
  /** Whether, or when, it is also sent over HTTP. */
  overHttp: string
  data: JsonSchema
  /** The event as it would be published, in each of its forms. */
  examples: readonly [CloudEvent, ...CloudEvent[]]
}>

/** An event of the stream. */
export type DescribedEvent = DescribedMessage &
  Readonly<{
    /** The subject with `{workspace_id}` in it. */
    address: string
    /** The subject in every workspace. */
    filter: string
  }>

const overHttp = ({ public: when }: EventDeclaration): string => {
  if (when === undefined) return 'no: on the stream alone'
  return when === true ? 'yes' : `where \`${when.member}\` is \`${JSON.stringify(when.is)}\``
}

const described = (contract: Contract, name: string, event: EventDeclaration): DescribedMessage => ({
  service: contract.name,
  name,
  description: event.description,
  entity: event.subject,
  overHttp: overHttp(event),
  data: outputSchema(event.data),
  examples: examplesOf(contract, name, event),
})

/** Every event of the stream, in the order of their declarations. */
export const describedEvents = (contracts: readonly Contract[]): readonly DescribedEvent[] =>
  contracts.flatMap((contract) =>
    Object.entries(contract.events).map(([name, event]) => ({
      ...described(contract, name, event),
      address: eventSubject(contract.name, name, '{workspace_id}'),
      filter: eventFilter(contract.name, name),
    })),
  )

/** Every event that is sent over HTTP alone. */
export const describedDirectEvents = (contracts: readonly Contract[]): readonly DescribedMessage[] =>
  contracts.flatMap((contract) =>
    Object.entries(contract.directEvents ?? {}).map(([name, event]) => described(contract, name, event)),
  )

const DIALECT = 'https://json-schema.org/draft/2020-12/schema'

const withoutDialect = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema as JsonSchema

/** The schema of a whole event, envelope and data, without a dialect. */
const messageSchema = ({ service, name, description, data }: DescribedMessage): JsonSchema => {
  const envelope = withoutDialect(outputSchema(CloudEvent))
  const properties = envelope.properties as Record<string, unknown>
  return {
    ...envelope,
    description,
    properties: {
      ...properties,
      source: { const: `/loops/${service}`, type: 'string' },
      type: { const: name, type: 'string' },
      data: withoutDialect(data),
    },
  }
}

/** The path of an event's schema on an installation. */
export const schemaPath = (name: string): string => `/schemas/${name}.json`

/** The JSON Schema (2020-12) of an event as it is sent. */
export const eventSchema = (event: DescribedMessage, url: string): JsonSchema => ({
  $schema: DIALECT,
  $id: `${url}${schemaPath(event.name)}`,
  title: event.name,
  ...messageSchema(event),
})

const INTRODUCTION = `Everything that happens in Loops is published on the JetStream stream \`EVENTS\` as CloudEvents 1.0 in JSON, at least once, from the same write as the change itself. Programs of other teams read it with a durable consumer of their own, in the JetStream domain \`loops\`.

${READING_PARAGRAPH} What would break a reader comes as an event of another name.`

/** Names for schemas that occur in several events. */
const SHARED = outputSchema(
  z.object({
    Actor: c.Actor,
    TaskCounts: c.TaskCounts,
    TaskStatus: c.TaskStatus,
    Priority: c.Priority,
    LoopStatus: c.LoopStatus,
    Visibility: c.Visibility,
    Role: c.Member.shape.role,
  }),
).properties as Readonly<Record<string, JsonSchema>>

const ref = (...path: string[]): { $ref: string } => ({
  $ref: `#/${path.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/')}`,
})

const byName = <T>(
  events: readonly DescribedEvent[],
  make: (event: DescribedEvent) => T,
): Readonly<Record<string, T>> => Object.fromEntries(events.map((event) => [event.name, make(event)]))

const channel = (event: DescribedEvent) => ({
  address: event.address,
  title: event.name,
  description: event.description,
  servers: [ref('servers', 'nats')],
  parameters: { workspace_id: { description: 'The workspace that it happened in, a ULID; `*` for all.' } },
  messages: { event: ref('components', 'messages', event.name) },
})

const operation = (event: DescribedEvent) => ({
  action: 'receive',
  title: event.name,
  summary: event.description,
  channel: ref('channels', event.name),
  messages: [ref('channels', event.name, 'messages', 'event')],
  tags: [{ name: event.service }],
})

/** Forms of one event differ by what changed. */
const exampleName = ({ type, data }: CloudEvent): string =>
  typeof data.change === 'string' ? `${type}: ${data.change}` : type

const message = (event: DescribedEvent) => ({
  name: event.name,
  title: event.name,
  summary: event.description,
  contentType: 'application/cloudevents+json',
  tags: [{ name: event.service }],
  payload: ref('components', 'schemas', typeName(event.name)),
  examples: event.examples.map((example) => ({ name: exampleName(example), payload: example })),
})

/** A request that a program can make of Loops. */
type Request = ReturnType<typeof subscriberOperationsOf>[number]

/** A channel for the request, and one for the answer, which goes to the program's inbox. */
const requestChannels = ({ name, operation: { title, description } }: Request) => ({
  [name]: {
    address: subscriberSubject(name, '{subscriber}', '{filter}'),
    title,
    description,
    servers: [ref('servers', 'nats')],
    parameters: {
      subscriber: { description: 'The name that the key was made for.' },
      filter: {
        description:
          'A whole filter of events: `EVENTS` of the key, or a narrower one. A `*` stands as it is.',
      },
    },
    messages: { request: ref('components', 'messages', `${name}.request`) },
  },
  [`${name}.answer`]: {
    address: null,
    title: `Answer: ${title}`,
    servers: [ref('servers', 'nats')],
    messages: { answer: ref('components', 'messages', `${name}.answer`) },
  },
})

const requestOperation = ({ name, service, operation: { title, description } }: Request) => ({
  [name]: {
    action: 'send',
    title,
    summary: description,
    channel: ref('channels', name),
    messages: [ref('channels', name, 'messages', 'request')],
    reply: {
      address: { location: '$message.header#/reply', description: 'The reply subject of the request.' },
      channel: ref('channels', `${name}.answer`),
      messages: [ref('channels', `${name}.answer`, 'messages', 'answer')],
    },
    tags: [{ name: service }],
  },
})

const requestMessages = ({ name, operation: { title } }: Request) =>
  Object.fromEntries(
    ['request', 'answer'].map((part) => [
      `${name}.${part}`,
      {
        name: `${name}.${part}`,
        title: `${title}: ${part}`,
        contentType: 'application/json',
        payload: ref('components', 'schemas', typeName(`${name}.${part}`)),
      },
    ]),
  )

const requestSchemas = ({ name, operation: { input, output } }: Request) => ({
  [typeName(`${name}.request`)]: withoutDialect(inputSchema(input)),
  [typeName(`${name}.answer`)]: {
    ...withoutDialect(outputSchema(output)),
    description: 'Or the one member `error`, with `code`, `message`, `retryable` and `retry_after_ms`.',
  },
})

const merged = <T>(parts: readonly Readonly<Record<string, T>>[]): Readonly<Record<string, T>> =>
  Object.assign({}, ...parts)

/**
 * The AsyncAPI document of the events, from the view of a program that receives them.
 * @param url the address of the installation, without a slash at its end.
 */
export const asyncApi = (contracts: readonly Contract[], url: string) => {
  const events = describedEvents(contracts)
  const requests = subscriberOperationsOf(contracts)
  const services = contracts.filter((contract) => Object.keys(contract.events).length > 0)
  return {
    asyncapi: '3.0.0',
    id: 'urn:loops:events',
    info: {
      title: 'Events of Loops',
      version:
        contracts
          .map(({ version }) => version)
          .toSorted()
          .at(-1) ?? '0.0.0',
      description: INTRODUCTION,
      contact: { name: 'Loops', url },
      license: { name: 'MIT', url: 'https://spdx.org/licenses/MIT.html' },
      externalDocs: { url: `${url}/events`, description: 'The same for people' },
      tags: services.map(({ name, description }) => ({ name, description })),
    },
    defaultContentType: 'application/cloudevents+json',
    servers: {
      nats: {
        host: '{host}:4222',
        protocol: 'nats',
        description:
          'NATS with JetStream. `npm run subscriber -- add NAME` gives a program its key and the address.',
        variables: { host: { default: 'localhost', description: 'A NATS server of the installation.' } },
        security: [ref('components', 'securitySchemes', 'nkey')],
      },
    },
    channels: { ...byName(events, channel), ...merged(requests.map(requestChannels)) },
    operations: { ...byName(events, operation), ...merged(requests.map(requestOperation)) },
    components: {
      securitySchemes: {
        nkey: {
          type: 'asymmetricEncryption',
          description: 'An NKey: the server knows the public half, the program keeps the seed.',
        },
      },
      messages: { ...byName(events, message), ...merged(requests.map(requestMessages)) },
      schemas: namedSchemas(
        {
          ...Object.fromEntries(events.map((event) => [typeName(event.name), messageSchema(event)])),
          ...merged(requests.map(requestSchemas)),
        },
        SHARED,
        (name) => ref('components', 'schemas', name),
      ),
    },
  }
}
