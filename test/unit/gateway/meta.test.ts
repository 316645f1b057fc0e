// What a gateway reports to an orchestrator.
import { expect, test } from 'vitest'
import { type Health, metaRoutes } from '../../../services/gateway/http/meta.ts'

const WELL: Health = { connected: () => true, closed: () => false, stalled: () => [] }

const readiness = async (given: Partial<Health>) => {
  const answer = await metaRoutes({ ...WELL, ...given }).request('/readyz')
  return { http: answer.status, ...((await answer.json()) as object) }
}

test('ready_while_it_is_on_the_bus_and_open', async () => {
  expect(await readiness({})).toEqual({ http: 200, status: 'ok', bus: true, open: true })
  expect(await readiness({ connected: () => false })).toMatchObject({ http: 503, status: 'unavailable' })
  expect(await readiness({ closed: () => true })).toMatchObject({ http: 503, status: 'unavailable' })
})

test('degraded_and_still_ready_where_no_events_are_taken', async () => {
  expect(await readiness({ stalled: () => ['tasks'] })).toMatchObject({
    http: 200,
    status: 'degraded',
    events_stalled: { services: ['tasks'], why: expect.stringContaining('disk may be full') },
  })
})
