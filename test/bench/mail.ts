// Mails of a shipped loop to a thousand people, against a bare pool that sends the same mails over as many connections to the
// same server.
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import { CONNECTIONS, type Mail, toMessage } from '../../services/notifier/mailer.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { openPeople, type Someone } from '../support/people.ts'
import { shippedLoop } from '../support/shipped-loop.ts'
import { startProcess } from './gateway.ts'
import { type Pair, pair, type Sample, toSample } from './measure.ts'
import type { Servers } from './servers.ts'

export const RECIPIENTS = 1_000
const ROUNDS = 5
const ids = systemIds()

type Sink = Readonly<{
  smtp: string
  /** Has `send` send to so many, and measures until the last mail has arrived. */
  measure: (send: () => Promise<unknown>, recipients?: number) => Promise<Sample>
  last: () => Promise<Buffer>
}>

/** The program mail-sink.ts by the line that it prints. */
export const sinkAt = (addresses: string): Sink => {
  const [smtp = '', http = ''] = addresses.split(' ')
  const count = async (of: number) => Number(await (await fetch(`${http}/count?of=${of}`)).text())
  return {
    smtp,
    measure: async (send, recipients = RECIPIENTS) => {
      const before = await count(0)
      const began = performance.now()
      await send()
      await count(before + recipients)
      const took = performance.now() - began
      const { p50, p99 } = toSample([took], took)
      return { p50, p99, perSecond: (recipients / took) * 1_000 }
    },
    last: async () => Buffer.from(await (await fetch(`${http}/last`)).arrayBuffer()),
  }
}

/** Publishes that a loop has shipped, as loops-queue does. */
export const ship = async (bus: Bus, workspace_id: string, by: Someone): Promise<void> => {
  const data = shippedLoop({
    loop_id: ids.next(),
    by: { user_id: by.id, name: by.name, client: 'Claude Code' },
  })
  for (const { id, subject, event } of stampEvents([{ name: 'loop.shipped', data }], {
    service: 'loops-queue',
    workspace_id,
    entity_id: data.loop_id,
    version: data.version,
    now: clock.now(),
    nextId: ids.next,
  }))
    await bus.js.publish(subject, JSON.stringify(event), { msgID: id })
}

/** A mail that the notifier has just sent, for any recipient. */
const likeThat = async (raw: Buffer): Promise<(to: Someone) => Mail> => {
  const { subject = '', text = '', html } = await simpleParser(raw)
  const unsubscribe_url = `http://localhost:4000/u/${'x'.repeat(112)}`
  return ({ name, email }) => ({
    message_id: `<${ids.next()}@localhost>`,
    date: clock.now(),
    from: { name: 'Loops', address: 'loops@localhost' },
    to: { name, address: email },
    subject,
    text,
    html: html || '',
    language: 'en',
    thread: `<${ids.next()}@localhost>`,
    list: { id: 'bench.localhost', name: 'Bench', unsubscribe_url },
  })
}

/** The notifier and the gateway that it asks, each in its own process. */
export const benchMail = async (servers: Servers): Promise<Pair> => {
  await using stack = new AsyncDisposableStack()
  const start = async (file: string, env: Record<string, string>): Promise<string> => {
    const { url, child } = await startProcess(file, env)
    stack.defer(() => void child.kill())
    return url
  }
  const sink = sinkAt(await start('./mail-sink.ts', {}))
  const env: Record<string, string> = { ...servers.env('bench_mail'), SMTP_URL: sink.smtp }
  for (const SERVICE of ['gateway', 'notifier']) await start('./service.ts', { ...env, SERVICE })
  const people = stack.use(await openPeople(env.MONGODB_URL as string))
  const log = createLog({ filter: 'error', topic: 'bench' })
  const bus = stack.use(await connectBus(servers.nats_url, 'loops-queue', log))
  const everybody = Array.from({ length: RECIPIENTS }, (_, index) => ({ name: `Person ${index}` }))
  const { id, members } = await people.workspace('Bench', everybody)
  const ours = () => sink.measure(() => ship(bus, id, members[0] as Someone))
  await ours()
  const mailTo = await likeThat(await sink.last())
  const pool = createTransport({ url: sink.smtp, pool: true, maxConnections: CONNECTIONS })
  stack.defer(() => pool.close())
  const bare = () =>
    sink.measure(() => Promise.all(members.map((member) => pool.sendMail(toMessage(mailTo(member))))))
  return await pair(ours, bare, ROUNDS, 'perSecond')
}
