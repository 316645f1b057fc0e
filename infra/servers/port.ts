// Finds free TCP ports, and remembers the ports of a data folder.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20

/**
 * Listens on a port for a moment.
 * @param port 0 for any free one
 * @returns the port
 * @throws the system's error (`EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, …)
 */
export const tryPort = (host: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host, port, exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })

/** Any free port except this one, which the system may offer several times while it is free. */
const otherThan = async (reserved: number | undefined): Promise<number> => {
  const port = await tryPort('127.0.0.1', 0)
  return port === reserved ? await otherThan(reserved) : port
}

/**
 * The port in the file, if it is free on 127.0.0.1. Otherwise writes another free port to the file.
 * @param reserved a port that is still free, but about to be used by another server
 */
export const rememberedPort = async (file: string, reserved?: number): Promise<number> => {
  const remembered = readPort(file)
  try {
    if (remembered !== undefined && remembered !== reserved) return await tryPort('127.0.0.1', remembered)
  } catch {
    // Another program uses it now.
  }
  const port = await otherThan(reserved)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${port}\n`)
  return port
}

const readPort = (file: string): number | undefined => {
  try {
    const port = Number(readFileSync(file, 'utf8'))
    return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined
  } catch {
    return undefined
  }
}

/** Waits until a server accepts connections. @throws AbortError if the signal is aborted */
export const untilAccepting = async (host: string, port: number, signal: AbortSignal): Promise<void> => {
  while (!(await accepts(host, port))) await sleep(POLL_MS, undefined, { signal })
}

const accepts = (host: string, port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port })
    const finish = (accepted: boolean) => {
      socket.destroy()
      resolve(accepted)
    }
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
