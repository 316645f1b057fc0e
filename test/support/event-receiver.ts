// A receiver of events over webhooks as the Events extension (SEP-3415) has it: it confirms verifications.
import { expect } from 'vitest'
import { type Received, type Receiver, startReceiver } from './receiver.ts'
import { ids } from './service-environment.ts'

/** A body as receivers read it: an event, or with a `type` something else. */
export type EventBody = Readonly<{
  type?: string
  challenge?: string
  error?: unknown
  eventId?: string
  name?: string
  timestamp?: string
  data?: Readonly<Record<string, unknown>>
}>

export const bodyOf = ({ body }: Received): EventBody => JSON.parse(body)

export type EventReceiver = Receiver &
  Readonly<{
    /** The calls that are events, and those that ask for a confirmation. */
    events: () => readonly Received[]
    verifications: () => readonly Received[]
    /** Waits for this many events in total. */
    told: (count: number) => Promise<readonly Received[]>
    /** Sets the statuses of answers to what is no verification, one after another; the last one repeats. 200 at first. */
    statuses: (...statuses: readonly number[]) => void
  }>

/** A secret as clients make it. */
export const newSecret = (bytes = 32): string =>
  `whsec_${Buffer.from(ids.token(), 'base64url').subarray(0, bytes).toString('base64')}`

/** Starts a receiver that confirms what it is asked. */
export const startEventReceiver = async (): Promise<EventReceiver> => {
  const receiver = await startReceiver()
  const those = (isOne: (body: EventBody) => boolean) => receiver.calls.filter((call) => isOne(bodyOf(call)))
  const events = () => those(({ eventId }) => eventId !== undefined)
  const statuses = (...given: readonly number[]): void => {
    let left = given
    receiver.answer((_, response) => {
      const last = receiver.calls.at(-1)
      const { type, challenge } = last ? bodyOf(last) : {}
      if (type === 'verification') return response.writeHead(200).end(JSON.stringify({ challenge }))
      const [status = 200, ...rest] = left
      if (rest.length > 0) left = rest
      return response.writeHead(status).end()
    })
  }
  statuses()
  return {
    ...receiver,
    events,
    verifications: () => those(({ type }) => type === 'verification'),
    told: async (count) => {
      await expect.poll(() => events().length, { timeout: 20_000 }).toBeGreaterThanOrEqual(count)
      return events()
    },
    statuses,
  }
}
