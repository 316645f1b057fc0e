// A client in its own thread, so that a test measures only what the server's thread does. It writes requests as bytes
// and reads each answer to its end. Run as a worker; exports only its messages' types.
import { connect } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** One exchange: the bytes to write to a port of this machine. */
export type Order = Readonly<{ port: number; bytes: Uint8Array }>

/** The status line's number, or 0 when the connection ended without one. */
export type Done = Readonly<{ status: number }>

parentPort?.on('message', async ({ port, bytes }: Order) => {
  const socket = connect({ host: '127.0.0.1', port })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // A server may cut off what it has refused.
  socket.on('error', () => undefined)
  socket.write(bytes)
  // Not by once(), which would treat an error as the end.
  await new Promise((resolve) => socket.on('close', resolve))
  const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(Buffer.concat(chunks).toString('latin1')) ?? []
  parentPort?.postMessage({ status: Number(status) } satisfies Done)
})
