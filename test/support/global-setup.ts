// Runs once before the test files that need servers: engine, images, NATS and MongoDB; and ends them after the last one.
// Several projects of a run share them. Holds no test and knows no service.
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { streamReport } from '../../infra/report.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { removeLeftovers, removeRun, runFolder, runMark, startMongo, startNats } from './containers.ts'
import { ensureEngine } from './engine.ts'
import { cacheFolder, type ImageContext, serverImages } from './images.ts'
import { giveUp, step } from './progress.ts'
import type { Servers } from './stack.ts'

declare module 'vitest' {
  interface ProvidedContext {
    servers: Servers
  }
}

type Running = Readonly<{ servers: Servers; stop: () => Promise<void> }>

// Each project loads this file separately, so shared state is kept where all of them find it.
const SHARED: unique symbol = Symbol.for('loops.test.servers') as never
const shared = globalThis as { [SHARED]?: Promise<Running> }

/** Starts the servers, unless another project of this run has, and passes their addresses to the test files. */
export const setup = async (project: TestProject): Promise<void> => {
  shared[SHARED] ??= start().catch(giveUp)
  project.provide('servers', (await shared[SHARED]).servers)
}

/** Stops the servers; the first project to finish does it, since all finish together. */
export const teardown = async (): Promise<void> => {
  const running = shared[SHARED]
  delete shared[SHARED]
  await (await running)?.stop()
}

const start = async (): Promise<Running> => {
  const report = streamReport(process.stdout, systemClock)
  report.step('The servers of the tests:')
  const cacheDir = cacheFolder()
  await mkdir(runFolder(), { recursive: true })
  const client = await ensureEngine(report, cacheDir, runFolder())
  await removeLeftovers(client)
  const context: ImageContext = { client, report }
  const images = await serverImages(context)
  const run = runMark()
  const claims = join(runFolder(), 'claims')
  await rm(claims, { recursive: true, force: true })
  await mkdir(claims, { recursive: true })
  const stop = async () => {
    await removeRun(client, run)
    // Without test/run.ts nothing else deletes the folder.
    await rm(process.env.LOOPS_TEST_RUN ? claims : runFolder(), { recursive: true })
  }
  try {
    const [nats, mongo] = await step(report, 'NATS and MongoDB in containers', () =>
      Promise.all([startNats(images.nats, { run }), startMongo(images.mongo, { run })]),
    )
    return {
      servers: {
        nats: { host: nats.host, port: nats.port },
        mongo: { host: mongo.host, port: mongo.port },
        images,
        claims,
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
