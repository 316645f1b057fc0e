// `events/subscribe` and `events/unsubscribe`: events over webhooks (SEP-3415). The webhooks service keeps and serves the
// subscriptions; this reads the requests, and says in the words of the extension what it answers.
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { callByName } from '../../../shared/bus/client.ts'
import { startBudget } from '../../../shared/bus/headers.ts'
import { type AppError, asAppError } from '../../../shared/contracts/define/errors.ts'
import { webhooks } from '../../../shared/contracts/webhooks/contract.ts'
import type { subscriptions } from '../../../shared/contracts/webhooks/subscriptions.ts'
import { type CallDeps, type Connection, refuseTooMany } from './call-tool.ts'
import { EVENT_ERRORS, eventTypeNamed } from './event-protocol.ts'

const SUBSCRIBE = 'events/subscribe'
const UNSUBSCRIBE = 'events/unsubscribe'
/** Time for a request (ms): the address of a subscription may have to be verified. */
const BUDGET_MS = 10_000

const Subscription = {
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).optional(),
}
const Subscribe = z.object({
  ...Subscription,
  delivery: z.object({ mode: z.string().default('webhook'), url: z.string(), secret: z.string() }),
  cursor: z.string().nullable().optional(),
  ttlMs: z.int().min(0).nullable().optional(),
})
const Unsubscribe = z.object({ ...Subscription, delivery: z.object({ url: z.string() }) })

/** An error as the extension has it. What it has no word for is an internal error, with ours as its data. */
const toProtocolError = ({ code, message, extras }: AppError): ProtocolError => {
  const { callback, kind, limit, max, fields } = extras.details ?? {}
  if (callback !== undefined)
    return new ProtocolError(EVENT_ERRORS.CallbackEndpointError, message, { reason: callback })
  if (code === 'invalid_argument')
    return new ProtocolError(ProtocolErrorCode.InvalidParams, message, fields ? { fields } : undefined)
  if (code === 'not_found') return new ProtocolError(EVENT_ERRORS.NotFound, message, { kind })
  if (code === 'forbidden') return new ProtocolError(EVENT_ERRORS.Forbidden, message, { reason: message })
  if (code === 'limit_exceeded')
    return new ProtocolError(EVENT_ERRORS.ResourceExhausted, message, { limit, max })
  if (code === 'rate_limited')
    return new ProtocolError(EVENT_ERRORS.ResourceExhausted, message, {
      limit: 'requests',
      retryAfterMs: extras.retry_after_ms,
    })
  return new ProtocolError(ProtocolErrorCode.InternalError, message, {
    code,
    ...(extras.retry_after_ms === undefined ? {} : { retryAfterMs: extras.retry_after_ms }),
  })
}

type Operations = typeof subscriptions

/** Asks the webhooks service for a connection. */
const ask = async <K extends keyof Operations & string>(
  deps: CallDeps,
  connection: Connection,
  operation: K,
  input: z.input<Operations[K]['input']>,
): Promise<z.output<Operations[K]['output']>> => {
  const { bus, clock, log, load } = deps
  const { caller, request_id } = connection
  const release = load.enter()
  try {
    refuseTooMany(deps, connection)
    const call = { caller, request_id, ...startBudget(clock, BUDGET_MS) }
    return (await callByName(bus, webhooks, operation, input, call)) as z.output<Operations[K]['output']>
  } catch (fault) {
    const error = asAppError(fault, request_id)
    if (error !== fault) log.error('subscription failed', { request_id, error: fault })
    throw toProtocolError(error)
  } finally {
    release()
  }
}

/** Serves both methods for one connection. */
export const serveSubscriptions = (server: Server, deps: CallDeps, connection: Connection): void => {
  server.setRequestHandler(SUBSCRIBE, { params: Subscribe }, async (params) => {
    const { mode, url, secret } = params.delivery
    const name = eventTypeNamed(params.name)
    if (mode !== 'webhook')
      throw new ProtocolError(
        EVENT_ERRORS.Unsupported,
        'Only webhooks are subscribed to; poll and stream need no subscription.',
        { feature: 'deliveryMode', value: mode },
      )
    const { delivery_status: status, ...granted } = await ask(deps, connection, 'subscribe_events', {
      name,
      arguments: params.arguments ?? {},
      url,
      secret,
      ...(params.ttlMs === undefined ? {} : { ttl_ms: params.ttlMs }),
      resumes: typeof params.cursor === 'string',
    })
    return {
      id: granted.id,
      refreshBefore: granted.refresh_before,
      cursor: null,
      truncated: granted.truncated,
      ...(status
        ? {
            deliveryStatus: {
              active: status.active,
              lastDeliveryAt: status.last_delivery_at,
              lastError: status.last_error,
              ...(status.failed_since ? { failedSince: status.failed_since } : {}),
            },
          }
        : {}),
    }
  })
  server.setRequestHandler(UNSUBSCRIBE, { params: Unsubscribe }, async (params) => {
    const asked = {
      name: eventTypeNamed(params.name),
      arguments: params.arguments ?? {},
      url: params.delivery.url,
    }
    await ask(deps, connection, 'unsubscribe_events', asked)
    return {}
  })
}
