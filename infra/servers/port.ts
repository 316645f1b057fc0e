// Free TCP ports, and the ports that a data folder has been given.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname } from 'node:path'

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

/** The port that the file remembers, if it is free on 127.0.0.1; else another, which the file then remembers. */
export const rememberedPort = async (file: string): Promise<number> => {
  const remembered = readPort(file)
  try {
    if (remembered !== undefined) return await tryPort('127.0.0.1', remembered)
  } catch {
    // Somebody else has it now: take another.
  }
  const port = await tryPort('127.0.0.1', 0)
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
