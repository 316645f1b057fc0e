// A receiver of webhooks on this machine, as another team would write one. It verifies each call with the library of
// Standard Webhooks, and answers as the test sets.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import { expect } from 'vitest'

/** A received call. */
export type Received = Readonly<{
  id: string
  headers: Readonly<Record<string, string>>
  body: string
  event: Readonly<{ id: string; type: string; data: Readonly<Record<string, unknown>> }>
}>

type Answer = number | ((request: IncomingMessage, response: ServerResponse) => void)

export type Receiver = AsyncDisposable &
  Readonly<{
    url: string
    calls: readonly Received[]
    /** Waits for this many calls in total. */
    called: (count: number) => Promise<readonly Received[]>
    /** Sets the answers, one after another; the last one repeats. 200 at first. */
    answer: (...answers: readonly Answer[]) => void
  }>

/** Verifies a call's signature with the secret; throws as the library does. */
export const verify = (secret: string, { body, headers }: Received): unknown =>
  new Webhook(secret).verify(body, headers as Record<string, string>)

/** Starts a receiver. */
export const startReceiver = async (): Promise<Receiver> => {
  const calls: Received[] = []
  let answers: readonly Answer[] = [200]
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
    const headers = request.headers as Record<string, string>
    calls.push({ id: headers['webhook-id'] ?? '', headers, body, event: JSON.parse(body) })
    const [answer = 200, ...rest] = answers
    if (rest.length > 0) answers = rest
    if (typeof answer === 'number') response.writeHead(answer).end()
    else answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    called: async (count) => {
      await expect.poll(() => calls.length).toBeGreaterThanOrEqual(count)
      return calls
    },
    answer: (...given) => {
      answers = given
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
