// A download host on this machine, and server binaries made of a few lines of shell, for the tests of infra.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'

/** A host that answers as told until it is disposed of, and counts its requests. */
export type Host = AsyncDisposable & Readonly<{ url: string; requests: string[] }>

export const startHost = async (listener: RequestListener): Promise<Host> => {
  const requests: string[] = []
  const server = createServer((request, answer) => {
    requests.push(request.url ?? '')
    listener(request, answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Writes an executable that prints these lines, whatever it is asked. */
export const writeBinary = (path: string, says: string): string => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\necho '${says}'\n`)
  chmodSync(path, 0o755)
  return path
}

/** A release archive with that one executable in it, and its SHA-256. */
export const makeArchive = (folder: string, member: string, says: string) => {
  writeBinary(join(folder, 'packed', member), says)
  const file = join(folder, 'archive.tar.gz')
  execFileSync('tar', ['-czf', file, '-C', join(folder, 'packed'), member])
  const bytes = readFileSync(file)
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') }
}
