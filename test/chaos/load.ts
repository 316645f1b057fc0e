// Agents at work while everything fails: each repeats what was not answered, with the same key, as a good client does,
// and writes down what was acknowledged.
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, type ErrorCode } from '../../shared/contracts/define/errors.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { type Account, agentOf } from '../support/accounts.ts'
import type { Era, McpClient } from '../support/mcp-client.ts'
import { type Agent, type Common, nextCommand } from './commands.ts'
import { countOf } from './ledger.ts'

const ids = systemIds()

/** How long a client waits for an answer, and how long it goes on with one command (ms). */
const ANSWER_MS = 15_000
const PATIENCE_MS = 120_000
const MAX_PAUSE_MS = 2_000
/** What clients do between two commands (ms). */
const THINKING_MS = 300

/** Refusals that a repeat may change. After `internal` nobody knows whether it was done. */
const REPEATED: readonly ErrorCode[] = ['unavailable', 'timeout', 'rate_limited', 'internal']

const inTime = async <T>(work: Promise<T>): Promise<T> => {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error('no answer in time')), ANSWER_MS)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

const labelOf = (error: unknown): string => {
  if (error instanceof AppError) return error.code
  const { name, message } = error instanceof Error ? error : new Error(String(error))
  return `${name}: ${message}`.slice(0, 80)
}

/**
 * Repeats until there is an answer or a refusal, or patience ends.
 * @returns undefined when it was refused, or nobody knows
 */
const persist = async <T>(
  common: Common,
  what: string,
  attempt: () => Promise<T>,
): Promise<T | undefined> => {
  const { ledger } = common
  const end = clock.monotonicMs() + PATIENCE_MS
  for (let tries = 0; ; tries += 1) {
    try {
      return await inTime(attempt())
    } catch (error) {
      if (error instanceof AppError && !REPEATED.includes(error.code)) {
        countOf(ledger.refused, error.code)
        return undefined
      }
      countOf(ledger.retried, labelOf(error))
      if (clock.monotonicMs() > end) {
        ledger.unknown.push(`${what}: ${labelOf(error)}`)
        return undefined
      }
      await sleep(Math.min(MAX_PAUSE_MS, 100 * 2 ** tries) * (0.5 + ids.random() / 2))
    }
  }
}

/** Connects an app of somebody through OAuth, as often as it takes, and again when its token no longer counts. */
export const openAgent = async (
  common: Common,
  account: Account,
  era: Era,
): Promise<Agent & AsyncDisposable> => {
  const open = (): Promise<McpClient | undefined> =>
    persist(common, 'connect', () => agentOf(common, account, { era }))
  let client = await open()
  const connected = async (): Promise<McpClient> => {
    client ??= await open()
    if (!client) throw new Error(`${account.name} could not connect`)
    return client
  }
  return {
    call: async (tool, input) => {
      try {
        return await (await connected()).call(tool, input)
      } catch (error) {
        if (/unauthorized/i.test(labelOf(error))) client = undefined
        throw error
      }
    },
    [Symbol.asyncDispose]: async () => await client?.[Symbol.asyncDispose](),
  }
}

/**
 * An agent whose every call is repeated until it is answered.
 * @throws Error (each call) when it is refused, or not answered for too long
 */
export const patient = (common: Common, { call }: Agent): Agent => ({
  call: async (tool, input) => {
    const answer = await persist(common, tool, () => call(tool, input))
    if (answer === undefined) throw new Error(`${tool} was not answered.`)
    return answer
  },
})

/** Has one agent of an account work until the signal, and finish its last command. */
export const workUntil = async (
  common: Common,
  account: Account,
  era: Era,
  signal: AbortSignal,
): Promise<void> => {
  await using agent = await openAgent(common, account, era)
  while (!signal.aborted) {
    const command = nextCommand(common)
    const began = clock.monotonicMs()
    const acked = command && (await persist(common, command.name, () => command.give(agent)))
    const ended = clock.monotonicMs()
    common.ledger.acked.push(...(acked ?? []).map((one) => ({ ...one, began, ended })))
    await sleep(common.random(THINKING_MS))
  }
}
