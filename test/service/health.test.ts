// The health of a service without an address of its own: alive, and ready while the bus is there.
import { afterEach, expect, test } from 'vitest'
import { startHealth } from '../../shared/process/health.ts'
import { freePort } from '../support/free-port.ts'

let health: AsyncDisposable | undefined
afterEach(async () => {
  await health?.[Symbol.asyncDispose]()
})

test('alive_and_ready_are_reported_separately', async () => {
  const port = await freePort()
  let ready = true
  health = await startHealth(port, () => ready)
  const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status
  expect([await statusOf('/livez'), await statusOf('/readyz'), await statusOf('/')]).toEqual([200, 200, 404])
  ready = false
  expect([await statusOf('/livez'), await statusOf('/readyz')]).toEqual([200, 503])
})

test('a_port_in_use_is_reported_in_one_sentence', async () => {
  const port = await freePort()
  health = await startHealth(port, () => true)
  await expect(startHealth(port, () => true)).rejects.toThrow(
    `HEALTH_PORT ${port} cannot be listened on: choose another port.`,
  )
})
