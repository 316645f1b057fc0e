// A mail server that accepts everything and keeps only the last mail. Prints its SMTP address and that of its HTTP
// server: /count?of=N answers when N mails have arrived, /last with the last one as it arrived.
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo, Server } from 'node:net'
import { SMTPServer } from 'smtp-server'

let count = 0
let last = Buffer.alloc(0)
let waiting: { of: number; response: ServerResponse }[] = []

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData: async (stream, _, done) => {
    const chunks: Buffer[] = []
    for await (const chunk of stream) chunks.push(chunk as Buffer)
    last = Buffer.concat(chunks)
    count += 1
    done()
    for (const { response } of waiting.filter(({ of }) => of <= count)) response.end(String(count))
    waiting = waiting.filter(({ of }) => of > count)
  },
})
const asked = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://sink')
  const of = Number(searchParams.get('of') ?? 0)
  if (pathname === '/last') response.end(last)
  else if (of <= count) response.end(String(count))
  else waiting.push({ of, response })
})
const listen = async (one: Pick<Server, 'listen' | 'address'>): Promise<string> => {
  await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(one.address() as AddressInfo).port}`
}
console.log(`smtp://${await listen(server.server)} http://${await listen(asked)}`)
