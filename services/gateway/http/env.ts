// What a request carries on its way: an id, under which it is logged, and the fields of its form once they were read.
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Ids } from '../../../shared/process/ids.ts'
import type { Log } from '../../../shared/process/log.ts'

/** The fields of a form. `complete` is false where its end was not read. */
export type Posted = Readonly<{ fields: URLSearchParams; complete: boolean }>

/** Hono's name for the variables of a request: https://hono.dev/docs/api/context#set-get */
export type GatewayEnv = Readonly<{ Variables: { request_id: string; posted?: Posted } }>

/** Gives each request an id and writes one log line for it, with the route's pattern: paths may hold secrets. */
export const identify =
  ({ clock, ids, log }: Readonly<{ clock: Clock; ids: Ids; log: Log }>): MiddlewareHandler<GatewayEnv> =>
  async (c, next) => {
    const began_ms = clock.monotonicMs()
    const request_id = ids.next()
    c.set('request_id', request_id)
    await next()
    c.res.headers.set('X-Request-Id', request_id)
    log.debug('answered', {
      request_id,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(clock.monotonicMs() - began_ms),
    })
  }
