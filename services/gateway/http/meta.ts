// What an orchestrator asks: is this process alive, and should it get requests? Both answers are about this process alone:
// tied to the database or to other services, one fault there would take out every gateway at once.
import { Hono } from 'hono'
import { STALLED_ADVICE } from '../../../shared/bus/stalled.ts'

export type Health = Readonly<{
  /** Whether this process's own connection to the bus is up. */
  connected: () => boolean
  /** Whether it is starting or stopping. */
  closed: () => boolean
  /** Services whose events are not published now; absent: none. */
  stalled?: () => readonly string[]
}>

/**
 * `/livez`: 200 while the process answers at all. `/readyz`: 200 while it should get requests, else 503. While events cannot
 * be published it answers `degraded` and why, still with 200: requests succeed, and no other gateway would do better.
 */
export const metaRoutes = (health: Health): Hono =>
  new Hono()
    .get('/livez', (c) => c.json({ status: 'ok' }))
    .get('/readyz', (c) => {
      const [bus, open, stalled] = [health.connected(), !health.closed(), health.stalled?.() ?? []]
      if (!bus || !open) return c.json({ status: 'unavailable', bus, open }, 503)
      if (stalled.length === 0) return c.json({ status: 'ok', bus, open })
      return c.json({
        status: 'degraded',
        bus,
        open,
        events_stalled: { services: stalled, why: STALLED_ADVICE },
      })
    })
