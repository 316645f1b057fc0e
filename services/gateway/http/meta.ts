// What an orchestrator asks: is this process alive, and should it get requests? Both look at this process alone: were they
// tied to the database or to other services, one fault there would take every gateway out at once.
import { Hono } from 'hono'

export type Health = Readonly<{
  /** Whether this process's own connection to the bus is up. */
  connected: () => boolean
  /** Whether it is starting or stopping. */
  closed: () => boolean
}>

/** `/livez`: 200 while the process answers at all. `/readyz`: 200 while it should get requests, else 503. */
export const metaRoutes = (health: Health): Hono =>
  new Hono()
    .get('/livez', (c) => c.json({ status: 'ok' }))
    .get('/readyz', (c) => {
      const bus = health.connected()
      const open = !health.closed()
      return c.json({ status: bus && open ? 'ok' : 'unavailable', bus, open }, bus && open ? 200 : 503)
    })
