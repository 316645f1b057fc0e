// A machine that vanishes without closing its connections. Requests for its service soon stop going to it.
import { RequestError } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import { expect, test } from 'vitest'
import { requestSubject } from '../../shared/contracts/define/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { startFaultProxy } from '../support/chaos/fault-proxy.ts'
import { passwordOf, startGuardedNats } from '../support/guarded-nats.ts'

/** Pings of the server that go unanswered, and time for a busy machine. */
const PATIENCE_MS = 50_000

test('requests_are_no_longer_sent_to_a_machine_that_vanished', async () => {
  await using server = await startGuardedNats()
  const [host = '', port] = server.address.split(':')
  await using way = await startFaultProxy(() => ({ host, port: Number(port) }))
  const connectAs = (user: string, address: string) =>
    connect({
      servers: address,
      user,
      pass: passwordOf(user),
      inboxPrefix: `_INBOX.${user}`,
      reconnect: false,
    })
  const subject = requestSubject(tasks.name, 'get_task')
  const vanishing = await connectAs('tasks', `${way.host}:${way.port}`)
  vanishing.subscribe(subject, { queue: 'q', callback: (_, message) => void message.respond() })
  await vanishing.flush()
  const caller = await connectAs('gateway', server.address)
  const asked = () =>
    caller.request(subject, '', { timeout: 500 }).then(
      () => 'answered',
      (error) => (error instanceof RequestError && error.isNoResponders() ? 'nobody' : 'silence'),
    )
  expect(await asked()).toBe('answered')
  way.inflict({ kind: 'half_open' })
  expect(await asked()).toBe('silence')
  await expect.poll(asked, { timeout: PATIENCE_MS, interval: 500 }).toBe('nobody')
  await Promise.all([caller.close(), vanishing.close()])
})
