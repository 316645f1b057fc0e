// The whole set in containers, as an operator would run it. Two of each service from the project's own image are on a
// network with NATS, MongoDB and a mail server, all reached from outside only. Knows no tool and no test.
import { join } from 'node:path'
import { type ContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'
import { inject } from 'vitest'
import { silentReport } from '../../infra/report.ts'
import { STARTABLE } from '../../services/start.ts'
import { createNetwork, type Place, placed, runFolder, runMark, startMongo } from './containers.ts'
import { ensureEngine } from './engine.ts'
import { passwordOf, startGuardedNats } from './guarded-nats.ts'
import { cacheFolder, projectImage } from './images.ts'
import type { SinkMail } from './smtp-sink.ts'
import { openEntry, waitingForMail } from './system.ts'

/** The set, running. Disposing it removes all of it. */
export type ContainerSet = AsyncDisposable &
  Readonly<{
    /** The one address, which is also PUBLIC_URL; connections go to the gateways in turn. */
    url: string
    /** The mails that have arrived, newest first. */
    mails: () => Promise<readonly SinkMail[]>
    /** Waits for the newest mail to an address. */
    mailTo: (address: string) => Promise<SinkMail>
    /** Asks one of each service to stop, as an operator does; the others go on. Returns the exit codes. */
    stopOneOfEach: () => Promise<number[]>
    /** Runs a program in a container of a service. Returns its exit code and what it prints. */
    runIn: (
      service: string,
      command: readonly string[],
    ) => Promise<Readonly<{ code: number | undefined; output: string }>>
    /** The log lines of all services so far. */
    logs: readonly string[]
  }>

const INSTANCES = 2
const GATEWAY_PORT = 4000
const SMTP_PORT = 2525
const MAILS_PORT = 8025
const STOP_LIMIT_S = 40

/** Secrets that must not be in a log. */
export const SET_SECRET = 'a secret of the tests that is long enough for all'

/**
 * Builds the image of this checkout, unless it is there, and starts the set. Takes some seconds; half a minute when the
 * image must be made from nothing.
 */
export const startContainerSet = async (): Promise<ContainerSet> => {
  const stack = new AsyncDisposableStack()
  try {
    const client = await ensureEngine(silentReport, cacheFolder(), runFolder())
    const image = await projectImage({ client, report: silentReport })
    const place = { run: runMark(), network: await createNetwork(client, runMark()) }
    stack.defer(() => client.container.dockerode.getNetwork(place.network).remove())
    const keep = <T extends StartedTestContainer>(container: T): T => {
      stack.defer(async () => void (await container.stop()))
      return container
    }
    const starting = startSink(image, { ...place, alias: 'mail' }).then(keep)
    await allStarted<unknown>([
      starting,
      startGuardedNats({ ...place, alias: 'nats' }).then((nats) => stack.use(nats)),
      startMongo(inject('servers').images.mongo, { ...place, alias: 'mongo' }).then(({ container }) =>
        keep(container),
      ),
    ])
    const sink = await starting
    const entry = await openEntry()
    stack.defer(entry.close)
    const logs: string[] = []
    const services = new Map<string, StartedTestContainer[]>()
    for (const name of STARTABLE) {
      const instance = { name, image, place, url: entry.url, logs }
      const twins = Array.from({ length: INSTANCES }, () => startService(instance).then(keep))
      services.set(name, await allStarted(twins))
    }
    const openTo = () =>
      entry.open((services.get('gateway') ?? []).map((gateway) => addressOf(gateway, GATEWAY_PORT)))
    openTo()
    const mails = async () => {
      const arrived = (await (await fetch(addressOf(sink, MAILS_PORT))).json()) as SinkMail[]
      return arrived.reverse()
    }
    const held = stack.move()
    return {
      url: entry.url,
      mails,
      mailTo: waitingForMail(mails),
      stopOneOfEach: () => {
        const leaving = [...services.values()].flatMap((twins) => twins.splice(0, 1))
        openTo()
        return Promise.all(leaving.map((container) => stopGently(client, container)))
      },
      runIn: async (service, command) => {
        const ran = await services.get(service)?.[0]?.exec([...command])
        return { code: ran?.exitCode, output: ran?.output.trim() ?? '' }
      },
      logs,
      [Symbol.asyncDispose]: () => held.disposeAsync(),
    }
  } catch (error) {
    // What cannot be removed now is removed when the run ends; why it did not start matters more.
    await stack.disposeAsync().catch(() => undefined)
    throw error
  }
}

/** Waits for all, even when one has failed: what starts later must be known, so that it can be removed. */
const allStarted = async <T>(starting: readonly Promise<T>[]): Promise<T[]> => {
  await Promise.allSettled(starting)
  return Promise.all(starting)
}

const addressOf = (container: StartedTestContainer, port: number): string =>
  `http://${container.getHost()}:${container.getMappedPort(port)}`

type Instance = Readonly<{ name: string; image: string; place: Place; url: string; logs: string[] }>

/** One instance of a service with the environment that an operator would give it. */
const startService = async ({ name, image, place, url, logs }: Instance): Promise<StartedTestContainer> => {
  const container = placed(image, place)
    .withCommand([name])
    .withDroppedCapabilities('ALL')
    .withEnvironment({
      NATS_URL: `nats://${name}:${passwordOf(name)}@nats:4222`,
      MONGODB_URL: 'mongodb://mongo:27017/loops?directConnection=true',
      SMTP_URL: `smtp://mail:${SMTP_PORT}`,
      PUBLIC_URL: url,
      HOST: '0.0.0.0',
      PORT: String(GATEWAY_PORT),
      METRICS_PORT: '9464',
      METRICS_HOST: '0.0.0.0',
      LOOPS_SECRET: SET_SECRET,
      SIGN_UP: 'open',
      LOG: 'info',
    })
    .withLogConsumer((stream) => void stream.on('data', (line) => logs.push(`${name}: ${line}`.trimEnd())))
    .withWaitStrategy(Wait.forLogMessage(/serving|streams and consumers are there/))
  if (name === 'gateway') {
    container
      .withExposedPorts(GATEWAY_PORT)
      .withWaitStrategy(
        Wait.forHttp('/readyz', GATEWAY_PORT, { abortOnContainerExit: true }).forStatusCode(200),
      )
  }
  try {
    return await container.start()
  } catch (cause) {
    const said = logs.filter((line) => line.startsWith(`${name}: `)).slice(-20)
    throw new Error(`The service ${name} did not start in its container; it said:\n${said.join('\n')}`, {
      cause,
    })
  }
}

/** The mail server is the tests' own; the project's image has everything to run it. */
const startSink = (image: string, place: Place): Promise<StartedTestContainer> =>
  placed(image, place)
    .withCopyFilesToContainer([
      {
        source: join(import.meta.dirname, 'smtp-sink.ts'),
        target: '/app/test/support/smtp-sink.ts',
        mode: 0o644,
      },
    ])
    .withEntrypoint(['node'])
    .withCommand([
      '-e',
      `import('/app/test/support/smtp-sink.ts').then((sink) => sink.serveSmtpSink({ smtp: ${SMTP_PORT}, http: ${MAILS_PORT} }))`,
    ])
    .withExposedPorts(MAILS_PORT)
    .withWaitStrategy(Wait.forLogMessage(/The sink is ready/))
    .start()

const stopGently = async (
  client: ContainerRuntimeClient,
  container: StartedTestContainer,
): Promise<number> => {
  const handle = client.container.getById(container.getId())
  await handle.stop({ t: STOP_LIMIT_S })
  return (await handle.inspect()).State.ExitCode
}
