// Ports of the loopback for programs that need a port number before they listen on it.
import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'
import { tryPort } from '../../infra/servers/port.ts'

/** Below those that a system gives to connections, and to programs that ask for any (Linux: from 32768; RFC 6335 §6). */
const FIRST = 20_000
const COUNT = 10_000
const TRIES = 100

/** Claims a port among test processes until this one ends, by an abstract socket (unix(7)), which only one can listen on. */
const claim = (port: number): Promise<boolean> => {
  if (process.platform !== 'linux') return Promise.resolve(true)
  return new Promise((resolve) => {
    const server = createServer().unref()
    server.once('error', () => resolve(false))
    server.listen(`\0loops-test-port-${port}`, () => resolve(true))
  })
}

/** A port that is free on 127.0.0.1, and that neither a connection nor another test takes before it is used. */
export const freePort = async (): Promise<number> => {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const port = FIRST + randomInt(COUNT)
    const free = (await claim(port)) && (await tryPort('127.0.0.1', port).catch(() => undefined))
    if (free) return free
  }
  throw new Error(`None of ${TRIES} ports from ${FIRST} up was free: end what listens there.`)
}
