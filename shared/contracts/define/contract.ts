// The language of contracts: a service declares its operations and events here as plain data. Everything else (types,
// checks, subjects, MCP tools, scopes, documents) is derived from that. Knows no service.
import type * as z from 'zod'
import type { Purpose } from '../../process/service-keys.ts'
import type { ClaimLimits } from './claim-limits.ts'
import type { Actor, Scope } from './common.ts'
import type { ErrorCode } from './errors.ts'
import type { Panel } from './panel.ts'

/** MCP tool annotations. All four are stated, since by default a tool counts as destructive (MCP, Tool annotations). */
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
/**
 * It changes something that can be changed back. A repeat changes nothing more. Where people get mail by it, the tool adds
 * `openWorldHint: true`.
 */
export const CHANGES = { ...ADDS, idempotentHint: true } as const satisfies Annotations
/** What was there before may be gone. A repeat changes nothing more. */
export const OVERWRITES = { ...CHANGES, destructiveHint: true } as const satisfies Annotations

/**
 * How a tool waits that has the parameter `wait_seconds`. The gateway holds the call and asks the service again; the service
 * itself never waits.
 */
export type Waits = Readonly<{
  /** The list of the answer that the call waits for to have something in it. */
  list: string
  /** The events that give reason to look again: with a status of these, or with any. */
  until: Readonly<Record<string, readonly string[] | 'any'>>
}>

/** The apps that show the results of tools to people, in clients that render apps. */
export const APPS = ['triage', 'queue'] as const
export type AppName = (typeof APPS)[number]

/** An operation that is also an MCP tool. Its description must stand alone: some clients show nothing else. */
export type Tool<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> = Readonly<{
  kind: 'tool'
  title: string
  description: string
  scope: Scope
  /**
   * Scopes that it also needs for some inputs. Its service refuses such a call with `forbidden` and the scope in
   * `details.scope`, before it changes anything.
   */
  further_scopes?: readonly Scope[]
  annotations: Annotations
  /** Clients that load tools only when a model searches for them should always show it this one. */
  always_loaded?: true
  /** The app that shows its result. */
  app?: AppName
  waits?: Waits
  input: I
  output: O
  errors: readonly ErrorCode[]
}>

/** An operation between services. Its handler calls no other service, so that calls cannot go round in circles. */
export type Internal<I extends z.ZodObject = z.ZodObject, O extends z.ZodObject = z.ZodObject> = Readonly<{
  kind: 'internal'
  description: string
  /** It changes nothing, so a lost answer can simply be asked for again. */
  reads?: true
  /** The services that may call it; absent: only the gateway. */
  asked_by?: readonly string[]
  input: I
  output: O
  errors: readonly ErrorCode[]
}>

export type Operation = Tool | Internal

/** Whether an operation changes nothing. */
export const isRead = (operation: Operation): boolean =>
  operation.kind === 'tool' ? operation.annotations.readOnlyHint : operation.reads === true

/** Something that happened, published on the bus. Only optional members may be added; a breaking change is a new event. */
export type EventDeclaration<D extends z.ZodObject = z.ZodObject> = Readonly<{
  description: string
  /** The member of `data` with the id of what it happened to. */
  subject: string
  data: D
  /**
   * Whether it may leave the bus: always, or where the named member of `data` has the value, such as for what
   * is not in a private loop. Absent: never.
   */
  public?: true | Readonly<{ member: string; is: unknown }>
  /**
   * What a record of a snapshot in the form of this event is, in a few words. The service then answers the operations of
   * `recordOperations`. Absent: snapshots have no such records.
   */
  record?: string
}>

/**
 * An operation for programs of other teams, over NATS. The subject says who asks and for which events, and NATS lets each
 * key publish only to its own subjects.
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

/** Everything that a service offers. Event names are `<noun>.<verb in the past>`. */
export type Contract = Readonly<{
  name: string
  version: string
  description: string
  operations: Readonly<Record<string, Operation>>
  events: Readonly<Record<string, EventDeclaration>>
  /** Events that the service sends over HTTP itself. They are never on the stream. */
  directEvents?: Readonly<Record<string, EventDeclaration>>
  /** Operations for programs of other teams. */
  forSubscribers?: Readonly<Record<string, SubscriberOperation>>
  /** The events that it reacts to, by the service that publishes them. */
  consumes?: Readonly<Record<string, readonly string[]>>
  /** The services whose events it watches as they pass, without a consumer. */
  watches?: readonly string[]
  /** What it needs keys for, besides signing requests. */
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

/** The service that people and their clients come through. Only it calls tools. */
export const GATEWAY = 'gateway'

/** The services that may call an operation. */
export const askersOf = (operation: Operation): readonly string[] =>
  operation.kind === 'tool' ? [GATEWAY] : (operation.asked_by ?? [GATEWAY])

/** Keeps the literal type of the contract, so that callers and handlers are checked against it. */
export const defineContract = <const C extends Contract>(contract: C): C => contract

/** Who a call is made for. The gateway takes it from a checked token or session and signs it for the bus. */
export type Caller = Readonly<{
  /** A person, in the browser or through a client that they have authorized. */
  kind: 'person'
  user_id: string
  user_name: string
  workspace_id: string
  role: Role
  scopes: readonly Scope[]
  /** The OAuth client it came through, or `web` for the pages. */
  client_id: string
  client_name: string
  /** The OAuth grant that it came through; null for the pages. */
  grant_id: string | null
  /** How long its claims last and how many it may have, where its workspace or its token says so. */
  claim_limits?: ClaimLimits | undefined
}>

/** The person of a call and the client that it came through, as records and events name them. */
export const actorOf = ({ user_id, user_name, client_name }: Caller): Actor => ({
  user_id,
  name: user_name,
  client: client_name,
})

/** The roles of members in a workspace, most powerful first. */
export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** What travels beside the input of every call. */
export type Call = Readonly<{
  /** Null when a service acts for nobody, as a sweeper or a consumer of events does. */
  caller: Caller | null
  request_id: string
  /** W3C trace context, when the client sent one. */
  traceparent?: string
  /** Time left until the caller gives up (ms). */
  remainingMs: () => number
  /** Aborts when nobody waits for the answer any more: the caller has gone, or this process stops. */
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

/** What a caller of a service gets: the same functions, over the bus. */
export type Client<C extends Contract> = {
  readonly [K in keyof C['operations']]: (
    input: z.input<C['operations'][K]['input']>,
    call: Call,
  ) => Promise<z.output<C['operations'][K]['output']>>
}

/** One event of a contract as pure code returns it. */
export type EventOf<C extends Contract> = {
  [K in keyof C['events'] & string]: { name: K; data: z.output<C['events'][K]['data']> }
}[keyof C['events'] & string]

/** An event without its envelope. */
export type PlainEvent = Readonly<{ name: string; data: Readonly<Record<string, unknown>> }>

/** `rpc.<service>.<operation>`: the subject of requests for an operation. */
export const requestSubject = (service: string, operation: string): string => `rpc.${service}.${operation}`

/** `evt.<service>.<noun>.<verb>.<workspace id>`: the subject of an event. */
export const eventSubject = (service: string, name: string, workspaceId: string): string =>
  `evt.${service}.${name}.${workspaceId}`

/** The subject of every event of a service. */
export const everyEventOf = (service: string): string => `evt.${service}.>`

/** The subject of every event of a service in one workspace; `*`: in all of them. */
export const everyEventIn = (service: string, workspaceId: string): string =>
  eventSubject(service, '*.*', workspaceId)

/** The subjects of the events that a service reacts to, in every workspace. */
export const consumedSubjects = ({ consumes = {} }: Pick<Contract, 'consumes'>): readonly string[] =>
  Object.entries(consumes).flatMap(([service, names]) => names.map((name) => eventFilter(service, name)))

/** The subject of an event in every workspace. */
export const eventFilter = (service: string, name: string): string => `evt.${service}.${name}.*`

/** Parts of the filter of a subscriber: `evt.<service>.<noun>.<verb>.<workspace id>`, `*` for any. */
export const FILTER_PARTS = 5

/**
 * `loops.<operation>.<subscriber>.<filter>`: the subject on which a subscriber asks for an operation. The filter has all its
 * parts; as in the API of JetStream, its `*` are ordinary parts of this subject.
 */
export const subscriberSubject = (operation: string, subscriber: string, filter: string): string =>
  `loops.${operation}.${subscriber}.${filter}`

/** The subjects of every subscriber and every filter for an operation. */
export const everySubscriber = (operation: string): string =>
  subscriberSubject(operation, '*', eventSubject('*', '*.*', '*'))

/** The operations for programs of other teams, each with its service. */
export const subscriberOperationsOf = (
  contracts: readonly Contract[],
): readonly Readonly<{ service: string; name: string; operation: SubscriberOperation }>[] =>
  contracts.flatMap(({ name: service, forSubscribers = {} }) =>
    Object.entries(forSubscribers).map(([name, operation]) => ({ service, name, operation })),
  )
