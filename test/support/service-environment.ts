// The services of a test: in this process or one of their own, people who call them, and the events they publish.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type * as z from 'zod'
import { MIGRATOR, startServices } from '../../services/start.ts'
import { callByName } from '../../shared/bus/client.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import { type Caller, type Contract, eventSubject } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { asAskerOf, TEST_SECRET } from './keys.ts'
import { freshStack } from './stack.ts'

export const ids = systemIds()

/** The operations of a contract for one person: input in, answer out. */
export type Acting<C extends Contract> = {
  readonly [K in keyof C['operations']]: (
    input: z.input<C['operations'][K]['input']>,
  ) => Promise<z.output<C['operations'][K]['output']>>
}

/** A stack with a bus to it, on which a test starts what it needs. */
export type TestEnvironment = AsyncDisposable &
  Readonly<{
    bus: Bus
    natsUrl: string
    mongodbUrl: string
    /** Starts instances of a service in this process; they end with the environment, or when disposed of. */
    start: (
      service: string,
      instances?: number,
      given?: Readonly<Record<string, string>>,
    ) => Promise<AsyncDisposable>
    /** Starts a service in its own process, which kills itself at the fault point `fault` or is killed, or paused. */
    startFaulty: (
      service: string,
      fault?: string,
    ) => Promise<{ died: Promise<string | null>; kill: () => void; pause: () => void; resume: () => void }>
    /**
     * The operations of a service for a caller; each may take `budget_ms`. `null`: as a service; operations that speak of
     * “the caller” refuse that.
     */
    as: <C extends Contract>(contract: C, caller: Caller | null, budget_ms?: number) => Acting<C>
    /** Waits until `enough` accepts the events of a workspace. Returns them in the order of the stream. */
    events: (
      service: string,
      workspaceId: string,
      enough: (published: readonly CloudEvent[]) => boolean,
    ) => Promise<readonly CloudEvent[]>
  }>

/** A person of a workspace, with a new id unless one is given. */
export const person = (workspace_id: string, given: Partial<Caller> = {}): Caller => ({
  kind: 'person',
  grant_id: null,
  user_id: ids.next(),
  user_name: 'Ann',
  workspace_id,
  role: 'member',
  scopes: ALL_SCOPES,
  client_id: 'test',
  client_name: 'Test client',
  ...given,
})

/** The error that a call is refused with. */
export const refused = async (call: Promise<unknown>): Promise<AppError> => {
  const outcome = await call.then(
    (answer) => new Error(`it was not refused: ${JSON.stringify(answer)}`),
    (error: unknown) => error,
  )
  if (!(outcome instanceof AppError)) throw outcome
  return outcome
}

const acting = <C extends Contract>(
  bus: Bus,
  contract: C,
  caller: Caller | null,
  budget_ms: number,
): Acting<C> =>
  Object.fromEntries(
    Object.keys(contract.operations).map((operation) => [
      operation,
      (input: unknown) =>
        callByName(asAskerOf(bus, contract, operation), contract, operation, input, {
          caller,
          request_id: ids.next(),
          ...startBudget(clock, budget_ms),
        }),
    ]),
  ) as Acting<C>

const readEvents: (bus: Bus) => TestEnvironment['events'] = (bus) => async (service, workspaceId, enough) => {
  const published: CloudEvent[] = []
  const filter_subjects = eventSubject(service, '*.*', workspaceId)
  const consumer = await bus.js.consumers.get(EVENTS_STREAM, { filter_subjects })
  const messages = await consumer.consume()
  for await (const message of messages) {
    published.push(CloudEvent.parse(message.json()))
    if (enough(published)) break
  }
  return published
}

const ready = async (bus: Bus, service: string): Promise<void> => {
  for (;;) {
    const found = await bus.nc.request(`$SRV.PING.${service}`, '', { timeout: 500 }).catch(() => null)
    if (found) return
  }
}

/** An empty stack for this test alone. @param given further environment variables of the services started on it */
export const openEnvironment = async (
  given: Readonly<Record<string, string>> = {},
): Promise<TestEnvironment> => {
  const { natsUrl, mongodbUrl } = freshStack()
  const env = {
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl,
    LOOPS_SECRET: TEST_SECRET,
    LOG: 'error',
    NODE_ENV: 'test',
    PORT: '0',
    ...given,
  }
  const stack = new AsyncDisposableStack()
  const bus = stack.use(await connectBus(natsUrl, 'test', createLog({ filter: 'error', topic: 'test' })))
  stack.use(await startServices(env, { names: [MIGRATOR] }))
  const startOne = async (service: string, own: Readonly<Record<string, string>> = {}) =>
    stack.use(await startServices({ ...env, ...own }, { names: [service] }))
  return {
    bus,
    natsUrl,
    mongodbUrl,
    start: async (service, instances = 1, own = {}) => {
      const started = await Promise.all(Array.from({ length: instances }, () => startOne(service, own)))
      return {
        [Symbol.asyncDispose]: async () =>
          void (await Promise.all(started.map((one) => one[Symbol.asyncDispose]()))),
      }
    },
    startFaulty: async (service, fault = '') => {
      const file = join(import.meta.dirname, '../../services/run.ts')
      const child: ChildProcess = spawn(process.execPath, [file, service], {
        env: { ...process.env, ...env, FAULT: fault },
        stdio: ['ignore', 'ignore', 'inherit'],
      })
      stack.defer(() => void child.kill('SIGKILL'))
      const died = once(child, 'exit').then(([, signal]) => signal as string | null)
      await Promise.race([
        ready(bus, service),
        died.then(() => Promise.reject(new Error(`${service} ended before it served`))),
      ])
      return {
        died,
        kill: () => void child.kill('SIGKILL'),
        pause: () => void child.kill('SIGSTOP'),
        resume: () => void child.kill('SIGCONT'),
      }
    },
    as: (contract, caller, budget_ms = 8_000) => acting(bus, contract, caller, budget_ms),
    events: readEvents(bus),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
