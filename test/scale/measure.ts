// Measures what one call, event, mail, webhook call and idle stream costs, on servers of its own, each service in a process.
import { createTransport } from 'nodemailer'
import { connectBus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { readConfig } from '../../shared/process/config.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { configuredKeys } from '../../shared/process/service-keys.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { idleStreams } from '../bench/connections.ts'
import { startProcess } from '../bench/gateway.ts'
import { ship, sinkAt } from '../bench/mail.ts'
import { machine, sample } from '../bench/measure.ts'
import { startInstallation } from '../bench/processes.ts'
import type { Servers } from '../bench/servers.ts'
import { nameReceiver } from '../chaos/chaos-run.ts'
import { startReceiver } from '../chaos/receiver.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { openPeople, type Someone } from '../support/people.ts'
import type { Costs, UnitCost } from './costs-rules.ts'
import { measureCalls } from './measure-calls.ts'
import { openMeter } from './meter.ts'
import { less, scaled, withoutEvents } from './meter-rules.ts'

const DATABASE = 'scale_measure'
const EVENTS = 200
const RECIPIENTS = 100
const MAILS_AT_ONCE = 60
const WRITES = 60
const STREAMS = 120

const ids = systemIds()
type Bus = Awaited<ReturnType<typeof connectBus>>

/** Publishes the last event of a kind so many times more, each with an id of its own. */
const openRepeater = async (bus: Bus, subject: string) => {
  const found = await bus.jsm.streams.getMessage(EVENTS_STREAM, { last_by_subj: subject })
  if (!found) throw new Error(`The stream has no event ${subject}.`)
  const event = JSON.parse(found.string())
  return () =>
    sample(
      () => {
        const id = ids.next()
        return bus.js.publish(
          found.subject,
          JSON.stringify({ ...event, id, time: new Date(clock.now()).toISOString() }),
          { msgID: id },
        )
      },
      EVENTS,
      8,
    )
}

const smtpOf = async (url: string): Promise<number> => {
  const pool = createTransport({ url, pool: true, maxConnections: 1 })
  const mail = { from: 'loops@localhost', to: 'bench@localhost', subject: 'Bench', text: 'x'.repeat(2_000) }
  const { p50 } = await sample(() => pool.sendMail(mail), MAILS_AT_ONCE)
  pool.close()
  return p50
}

/** Measures everything. @param say is given what is being measured */
export const measureCosts = async (servers: Servers, say: (line: string) => void): Promise<Costs> => {
  await using stack = new AsyncDisposableStack()
  const sinkProcess = await startProcess('./mail-sink.ts', {})
  stack.defer(() => void sinkProcess.child.kill())
  const sink = sinkAt(sinkProcess.url)
  const given = { SMTP_URL: sink.smtp, LOOPBACK_TARGETS: 'allowed' }
  const installation = stack.use(await startInstallation(servers, DATABASE, 1, given))
  const env = servers.env(DATABASE)
  const log = createLog({ filter: 'error', topic: 'scale' })
  const mongo = stack.use(await connectMongo(String(env.MONGODB_URL), log))
  const busOf = async (name: string) =>
    stack.use(await connectBus(servers.nats_url, name, log, configuredKeys(name, readConfig(env))))
  const [tasksBus, loopsBus] = [await busOf('tasks'), await busOf('loops-queue')]
  const account = await signUp(installation, { name: 'Bench' })
  const agent = stack.use(await agentOf(installation, account))
  const meter = stack.use(await openMeter(servers, installation.processes, mongo, loopsBus))
  say('calls')
  const calls = await measureCalls(installation.url, agent, meter)
  say('events and webhook calls')
  const repeat = await openRepeater(tasksBus, 'evt.tasks.task.updated.*')
  await repeat()
  const event = await meter.cost(EVENTS, repeat)
  const receiver = stack.use(await startReceiver())
  await nameReceiver(account, receiver)
  await repeat()
  const [called, received] = [receiver.called.size, receiver.bytes()]
  const withCall = await meter.cost(EVENTS, repeat)
  const made = receiver.called.size - called
  if (made === 0) throw new Error('The webhook was not called.')
  const call_bytes = (receiver.bytes() - received) / made
  say('mails')
  const people = stack.use(await openPeople(String(env.MONGODB_URL)))
  const everybody = Array.from({ length: RECIPIENTS }, (_, index) => ({ name: `Person ${index}` }))
  const { id, members } = await people.workspace('Bench', everybody)
  const mails = () => sink.measure(() => ship(loopsBus, id, members[0] as Someone), RECIPIENTS)
  await mails()
  const mail = await meter.cost(RECIPIENTS, mails)
  const sent_bytes = (await sink.last()).length
  say('idle streams')
  const idle = await idleStreams(installation, STREAMS)
  const documents = mongo.database('scale').collection('documents')
  const written = await sample(() => documents.insertOne({ body: 'x'.repeat(500) }), WRITES)
  const nothing: UnitCost = less(event, event)
  return {
    measured: { on: new Date(clock.now()).toISOString().slice(0, 10), machine: machine() },
    calls: withoutEvents(calls, event),
    event: { ...event, events: 0 },
    mail: { ...mail, events: 0, sent_bytes },
    webhook: { ...scaled(less(withCall, event), EVENTS / made), events: 0, sent_bytes: call_bytes },
    stream: {
      ...nothing,
      cpu_ms: { ...nothing.cpu_ms, gateway: idle.cpu_ms_per_hour },
      memory_bytes: idle.memory_bytes,
    },
    idle_cores: meter.idle_cores,
    wait_ms: { write: written.p50, smtp: await smtpOf(sink.smtp) },
  }
}
