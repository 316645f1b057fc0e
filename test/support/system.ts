// The whole of Loops in this process, on servers of its own. Every service runs once or several times, behind one
// address; tests drive it from outside, as clients do.

import { connect, createServer, type Server, type Socket } from 'node:net'
import { vi } from 'vitest'
import { MIGRATOR, type Started, startServices } from '../../services/start.ts'
import type { DevMail } from '../../shared/contracts/notifier/shapes.ts'
import { TEST_SECRET } from './keys.ts'
import { freshStack, type Stack } from './stack.ts'

/** A mail as the development mailbox returns it. */
export type Mail = DevMail

/** A running system. */
export type System = AsyncDisposable &
  Readonly<{
    /** The one address, which is also PUBLIC_URL; connections go to the gateways in turn. */
    url: string
    /** Each gateway's own address. */
    gateways: readonly string[]
    stack: Stack
    /** Mails so far, newest first. */
    mails: () => Promise<readonly Mail[]>
    /** Waits for the newest mail to an address. */
    mailTo: (address: string) => Promise<Mail>
    /** Stops one instance of every service; the rest go on. */
    stopInstance: (index: number) => Promise<void>
    stop: () => Promise<void>
  }>

export type SystemOptions = Readonly<{
  /** How many of each service; 1 when absent. */
  instances?: number
  /** Services to start; all when absent. */
  names?: readonly string[]
  env?: Readonly<Record<string, string>>
}>

/** A mail arrives within a poll of the outbox and one of the sender; this is far longer. */
export const MAIL_WAIT = { timeout: 20_000, interval: 100 } as const

/** Waits for a mail to an address among the mails so far, newest first. */
export const waitingForMail =
  <M extends Readonly<{ to: string | readonly string[] }>>(mails: () => Promise<readonly M[]>) =>
  (address: string): Promise<M> =>
    vi.waitFor(async () => {
      const mail = (await mails()).find(({ to }) => to.includes(address))
      if (!mail) throw new Error(`no mail to ${address} has come`)
      return mail
    }, MAIL_WAIT)

export type Entry = Readonly<{
  url: string
  open: (targets: readonly string[]) => void
  close: () => Promise<void>
}>

/** Forwards bytes to the targets in turn, as the simplest load balancer does. */
export const openEntry = async (): Promise<Entry> => {
  const sockets = new Set<Socket>()
  let targets: readonly URL[] = []
  let turn = 0
  const server: Server = createServer((client) => {
    const target = targets[turn++ % targets.length]
    if (!target) return client.destroy()
    const upstream = connect({ host: target.hostname, port: Number(target.port) })
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => socket.destroy())
    }
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroySoon())
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://localhost:${port}`,
    open: (urls) => {
      targets = urls.map((url) => new URL(url))
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const environment = (stack: Stack, url: string, options: SystemOptions): Record<string, string> => ({
  NODE_ENV: 'test',
  LOG: 'warn',
  HOST: '127.0.0.1',
  PORT: '0',
  PUBLIC_URL: url,
  NATS_URL: stack.natsUrl,
  MONGODB_URL: stack.mongodbUrl,
  LOOPS_SECRET: TEST_SECRET,
  SIGN_UP: 'open',
  ...options.env,
})

/**
 * Starts a system on a stack of its own. Signing up is open, so that a test makes as many accounts as it likes.
 * Dispose of it, or call `stop`, when the test is over.
 */
export const startSystem = async (options: SystemOptions = {}): Promise<System> => {
  const stack = freshStack()
  const entry = await openEntry()
  const env = environment(stack, entry.url, options)
  const instances: (Started | undefined)[] = []
  const stopInstance = async (index: number): Promise<void> => {
    const instance = instances[index]
    instances[index] = undefined
    await instance?.[Symbol.asyncDispose]()
  }
  const openTo = (): void => entry.open(instances.flatMap((instance) => instance?.url ?? []))
  const stop = async (): Promise<void> => {
    await Promise.all(instances.map((_, index) => stopInstance(index)))
    await entry.close()
  }
  try {
    for (let count = 0; count < (options.instances ?? 1); count += 1)
      instances.push(await startServices(env, options.names ? { names: [MIGRATOR, ...options.names] } : {}))
  } catch (error) {
    await stop()
    throw error
  }
  openTo()
  const mails = async (): Promise<readonly Mail[]> =>
    (await (await fetch(`${entry.url}/dev/mail.json`)).json()) as readonly Mail[]
  return {
    url: entry.url,
    gateways: instances.flatMap((instance) => instance?.url ?? []),
    stack,
    mails,
    mailTo: waitingForMail(mails),
    stopInstance: async (index) => {
      const stopping = stopInstance(index)
      openTo()
      await stopping
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
