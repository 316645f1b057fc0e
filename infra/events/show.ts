// Dead letters as text for a terminal. Pure.
import type { DeadLetter } from '../../shared/events/dead-letter-store.ts'

const MAX_REASON_CHARS = 100

/** The current state of a dead letter. */
const stateOf = ({ redriven_at, asked_at, cut }: DeadLetter): string => {
  if (redriven_at) return `redriven ${redriven_at.toISOString()}`
  if (asked_at) return 'is being redriven'
  return cut ? 'cannot be redriven: it was too long to be kept whole' : 'dead'
}

/** Replaces control characters, so that foreign text cannot control the terminal. */
const harmless = (text: string): string => text.replace(/[\p{Cc}\p{Cf}]/gu, ' ')

const shortened = (text: string): string => {
  const line = harmless(text).replace(/\s+/g, ' ')
  return line.length > MAX_REASON_CHARS ? `${line.slice(0, MAX_REASON_CHARS)}…` : line
}

/** A dead letter in a list: its id, its facts, and the reason. */
export const listed = (letter: DeadLetter): string => {
  const { _id, at, subject, deliveries, reason } = letter
  const facts = [at.toISOString(), subject, `delivered ${deliveries}×`, stateOf(letter)]
  return `${harmless(_id)}\n  ${facts.map(harmless).join('  ')}\n  ${shortened(reason)}`
}

const indented = (payload: string): string => {
  try {
    return JSON.stringify(JSON.parse(payload), null, 2)
  } catch {
    return payload
  }
}

/** A dead letter in full. */
export const inFull = (letter: DeadLetter): string => {
  const lines = [
    ['id', letter._id],
    ['consumer', letter.durable],
    ['subject', letter.subject],
    ['stream sequence', String(letter.stream_seq)],
    ['deliveries', String(letter.deliveries)],
    ['given up', letter.at.toISOString()],
    ['state', stateOf(letter)],
    ['kept until', letter.expires_at.toISOString()],
  ].map(([name = '', value = '']) => `${name.padEnd(20)} ${harmless(value)}`)
  const whole = (text: string): string => text.split('\n').map(harmless).join('\n')
  return [...lines, '', whole(letter.reason), '', whole(indented(letter.payload))].join('\n')
}
