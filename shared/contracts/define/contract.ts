// The words in which a service declares itself: operations and events, each once, as plain data. Everything else
// (types, checks, subjects, MCP tools, scopes, documents) is derived from these declarations. Knows no service.
import type * as z from 'zod'
import type { Purpose } from '../../process/service-keys.ts'
import type { Scope } from './common.ts'
import type { ErrorCode } from './errors.ts'
import type { Panel } from './panel.ts'

/** MCP tool annotations, all four stated: the protocol's defaults would call a reading tool destructive. */
export type Annotations = Readonly<{
  readOnlyHint: boolean
  destructiveHint: boolean
  idempotentHint: boolean
  openWorldHint: boolean
}>

/** It changes nothing. */
export const READS = {
  readOnlyHint: true,
  destructiveHint: false,
  idempotentHint: true,
  openWorldHint: false,
} as const satisfies Annotations
/** Each call adds something, unless an idempotency key says that it is a repeat. */
export const ADDS = { ...READS, readOnlyHint: false, idempotentHint: false } as const satisfies Annotations
/** It changes something that can be changed back. A repeat changes nothing more. */
export const CHANGES = { ...ADDS, idempotentHint: true } as const satisfies Annotations
/** What was there before may be gone. A repeat changes nothing more. */
export const OVERWRITES = { ...CHANGES, destructiveHint: true } as const satisfies Annotations

/** An operation that is also an MCP tool. The description stands on its own: some clients show nothing else. */
export type Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> = Readonly<{
  kind: 'tool'
  title: string
  description: string
  scope: Scope
  /**
   * Scopes that it needs besides for some inputs, depending on what they meet. Its service refuses such a call with
   * `forbidden` and the scope in `details.scope`, before it has changed anything.
   */
  further_scopes?: readonly Scope[]
  annotations: Annotations
  input: I
  output: O
  errors: readonly ErrorCode[]
}>

/** An operation that services ask of each other. A leaf: its handler calls no other service. */
export type Internal<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> = Readonly<{
  kind: 'internal'
  description: string
  /** Changes nothing, so that it may be asked again when its answer was lost. */
  reads?: true
  /** The services that may ask it; absent: the gateway alone. */
  asked_by?: readonly string[]
  input: I
  output: O
  errors: readonly ErrorCode[]
}>

export type Operation = Tool | Internal

/** Whether an operation changes nothing. */
export const isRead = (operation: Operation): boolean =>
  operation.kind === 'tool' ? operation.annotations.readOnlyHint : operation.reads === true

/** Something that happened, told on the bus. Extended only by optional members; a break is a new name. */
export type EventDeclaration<D extends z.ZodObject = z.ZodObject> = Readonly<{
  description: string
  /** The member of `data` that names what it happened to. */
  subject: string
  data: D
  /**
   * Whether teams that do not read the bus may be told of it: always, or where the named member of `data` has the value, as
   * for what is not in a private loop. When absent, it is a matter of services alone.
   */
  public?: true | Readonly<{ member: string; is: unknown }>
  /**
   * What each record of a snapshot in the form of this event is, in a few words; absent: there are none. The service then
   * answers the operations of `recordOperations`.
   */
  record?: string
}>

/**
 * An operation that programs of other teams ask over NATS. Who asks and which events may be meant is in the subject, where
 * NATS holds the asker to its key.
 */
export type SubscriberOperation<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
> = Readonly<{
  title: string
  description: string
  input: I
  output: O
  errors: readonly ErrorCode[]
}>

/** A service's whole public face. Event names are `<noun>.<verb in the past>`. */
export type Contract = Readonly<{
  name: string
  version: string
  description: string
  operations: Readonly<Record<string, Operation>>
  events: Readonly<Record<string, EventDeclaration>>
  /** Events that the service sends out itself, over HTTP, and that are never on the stream. */
  directEvents?: Readonly<Record<string, EventDeclaration>>
  /** What it answers to programs of other teams. */
  forSubscribers?: Readonly<Record<string, SubscriberOperation>>
  /** The events that it reacts to, by the service that publishes them. */
  consumes?: Readonly<Record<string, readonly string[]>>
  /** What it needs keys for, besides its requests. */
  purposes?: readonly Purpose[]
  /** Its page in the workspace, where it has one. */
  panel?: Panel
}>

export const tool = <I extends z.ZodObject, O extends z.ZodObject>(
  declaration: Omit<Tool<I, O>, 'kind'>,
): Tool<I, O> => ({ kind: 'tool', ...declaration })

export const internal = <I extends z.ZodObject, O extends z.ZodObject>(
  declaration: Omit<Internal<I, O>, 'kind'>,
): Internal<I, O> => ({ kind: 'internal', ...declaration })

/** An internal operation that changes nothing. */
export const internalRead = <I extends z.ZodObject, O extends z.ZodObject>(
  declaration: Omit<Internal<I, O>, 'kind' | 'reads'>,
): Internal<I, O> => ({ kind: 'internal', reads: true, ...declaration })

export const subscriberOperation = <I extends z.ZodObject, O extends z.ZodObject>(
  declaration: SubscriberOperation<I, O>,
): SubscriberOperation<I, O> => declaration

export const event = <D extends z.ZodObject>(declaration: EventDeclaration<D>): EventDeclaration<D> =>
  declaration

/** The service through which people and their clients come: it alone asks tools. */
export const GATEWAY = 'gateway'

/** The services that may ask an operation. */
export const askersOf = (operation: Operation): readonly string[] =>
  operation.kind === 'tool' ? [GATEWAY] : (operation.asked_by ?? [GATEWAY])

/** Keeps the contract's own type, so that callers and handlers are checked against it. */
export const defineContract = <const C extends Contract>(contract: C): C => contract

/** Who a call is made for. Set by the gateway from a checked token or session; on the bus its signature vouches for it. */
export type Caller = Readonly<{
  /** What calls: a person, by themselves or through a client that they have allowed to. */
  kind: 'person'
  user_id: string
  user_name: string
  workspace_id: string
  role: Role
  scopes: readonly Scope[]
  /** The OAuth client it came through, or `web` for the pages. */
  client_id: string
  client_name: string
  /** The connection (OAuth grant) that it came through; null for the pages. */
  grant_id: string | null
}>

/** What a member may be in a workspace, most powerful first. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** What travels beside the input of every call. */
export type Call = Readonly<{
  /** Null when a service acts on its own account (a sweeper, an event's consumer). */
  caller: Caller | null
  request_id: string
  /** W3C trace context, when the client sent one. */
  traceparent?: string
  /** Milliseconds that remain of the caller's patience. */
  remainingMs: () => number
  /** Aborts when nobody waits for the answer any more: whoever asked has gone, or this process stops. */
  signal?: AbortSignal
}>

/** A call that is known to be made for a person. */
export type MemberCall = Call & Readonly<{ caller: Caller }>

type CallOf<Op> = Op extends Tool ? MemberCall : Call

/** What a service implements: one function per operation, typed by its declaration. */
export type Handlers<C extends Contract> = {
  [K in keyof C['operations']]: (
    input: z.output<C['operations'][K]['input']>,
    call: CallOf<C['operations'][K]>,
  ) => Promise<z.input<C['operations'][K]['output']>>
}

/** What a caller of a service holds: the same functions, at the other end of the bus. */
export type Client<C extends Contract> = {
  readonly [K in keyof C['operations']]: (
    input: z.input<C['operations'][K]['input']>,
    call: Call,
  ) => Promise<z.output<C['operations'][K]['output']>>
}

/** Any one event of a contract as pure code returns it: name and data. */
export type EventOf<C extends Contract> = {
  [K in keyof C['events'] & string]: { name: K; data: z.output<C['events'][K]['data']> }
}[keyof C['events'] & string]

/** An event before it has an id and a time. */
export type PlainEvent = Readonly<{ name: string; data: Readonly<Record<string, unknown>> }>

/** `rpc.<service>.<operation>`: where requests for an operation go. */
export const requestSubject = (service: string, operation: string): string => `rpc.${service}.${operation}`

/** `evt.<service>.<noun>.<verb>.<workspace id>`: where an event is published. */
export const eventSubject = (service: string, name: string, workspaceId: string): string =>
  `evt.${service}.${name}.${workspaceId}`

/** The subject of every event of a service. */
export const everyEventOf = (service: string): string => `evt.${service}.>`

/** The subjects of the events that a service reacts to, in every workspace. */
export const consumedSubjects = ({ consumes = {} }: Pick<Contract, 'consumes'>): readonly string[] =>
  Object.entries(consumes).flatMap(([service, names]) => names.map((name) => eventFilter(service, name)))

/** The subject of an event in every workspace. */
export const eventFilter = (service: string, name: string): string => `evt.${service}.${name}.*`

/** Parts of the filter of a subscriber: `evt.<service>.<noun>.<verb>.<workspace id>`, `*` for any. */
export const FILTER_PARTS = 5

/**
 * `loops.<operation>.<subscriber>.<filter>`: where a program of another team asks an operation, about the events of a filter
 * in full length. As in the API of JetStream, a `*` of the filter is an ordinary part of the subject here.
 */
export const subscriberSubject = (operation: string, subscriber: string, filter: string): string =>
  `loops.${operation}.${subscriber}.${filter}`

/** Every subscriber's requests of an operation, about whatever events. */
export const everySubscriber = (operation: string): string =>
  subscriberSubject(operation, '*', eventSubject('*', '*.*', '*'))

/** The operations that programs of other teams may ask, each with its service. */
export const subscriberOperationsOf = (
  contracts: readonly Contract[],
): readonly Readonly<{ service: string; name: string; operation: SubscriberOperation }>[] =>
  contracts.flatMap(({ name: service, forSubscribers = {} }) =>
    Object.entries(forSubscribers).map(([name, operation]) => ({ service, name, operation })),
  )
