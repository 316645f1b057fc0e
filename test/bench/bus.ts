// A request over our bus (checks, headers, typed errors) against a raw request of equal size on the same NATS server.
import * as z from 'zod'
import { client } from '../../shared/bus/client.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import { serve } from '../../shared/bus/serve.ts'
import { signer, verifier } from '../../shared/bus/signature.ts'
import { defineContract, internal } from '../../shared/contracts/define/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { keysOf } from '../support/keys.ts'
import { median, type Pair, pair, sample } from './measure.ts'

const REQUESTS = 1_000
const ROUNDS = 9
const Row = z.object({
  id: z.string(),
  title: z.string(),
  status: z.string(),
  priority: z.string(),
  version: z.int(),
})
const echo = defineContract({
  name: 'bench-echo',
  version: '1.0.0',
  description: 'Answers what it is asked.',
  operations: { echo: internal({ description: 'Echo.', input: Row, output: Row, errors: [] }) },
  events: {},
})
const row = {
  id: '01M82DYV0BHWY37HDFE0VSVH96',
  title: 'x'.repeat(160),
  status: 'approved',
  priority: 'high',
  version: 3,
}

const SIGNED = 20_000

/** Processor time to sign and check a request (µs), the median of rounds. */
const signatureCost = (): number => {
  const said = {
    asked: echo.name,
    operation: 'echo',
    request_id: 'bench',
    budget_ms: '8000',
    traceparent: '',
  }
  const signed = { ...said, caller: 'x'.repeat(300) }
  const sign = signer(keysOf('gateway'), clock, 'bench')
  const verify = verifier(keysOf(echo.name), clock)
  const payload = JSON.stringify(row)
  const bytes = Buffer.from(payload)
  const round = (): number => {
    const began = process.cpuUsage()
    for (let n = 0; n < SIGNED; n += 1)
      if (!verify(sign(signed, payload), signed, bytes).ok) throw new Error('a signature was refused')
    const { user, system } = process.cpuUsage(began)
    return (user + system) / SIGNED
  }
  round()
  return median(Array.from({ length: ROUNDS }, round))
}

export type BusFigures = Readonly<{ serial: Pair; parallel: Pair; signature_us: number }>

/** Serial and 50-at-once latencies of both, and the signature's share of ours. */
export const benchBus = async (nats_url: string): Promise<BusFigures> => {
  const log = createLog({ filter: 'error', topic: 'bench' })
  await using server = await connectBus(nats_url, 'bench-server', log, keysOf(echo.name))
  await using asker = await connectBus(nats_url, 'bench-client', log, keysOf('gateway'))
  await using _serving = await serve(server, echo, { echo: async (input) => input }, { clock })
  const raw = server.nc.subscribe('bench.raw', { callback: (_, msg) => void msg.respond(msg.data) })
  await server.nc.flush()
  const payload = JSON.stringify(row)
  const ours = client(asker, echo)
  const viaBus = () => ours.echo(row, ownCall(clock, 'bench'))
  const viaNats = () => asker.nc.request('bench.raw', payload, { timeout: 5_000 })
  const serial = await pair(
    () => sample(viaBus, REQUESTS),
    () => sample(viaNats, REQUESTS),
    ROUNDS,
  )
  const parallel = await pair(
    () => sample(viaBus, REQUESTS, 50),
    () => sample(viaNats, REQUESTS, 50),
    ROUNDS,
  )
  raw.unsubscribe()
  return { serial, parallel, signature_us: signatureCost() }
}
