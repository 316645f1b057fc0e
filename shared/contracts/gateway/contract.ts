// The contract of the gateway, which owns people, workspaces and memberships.
import type { Purpose } from '../../process/service-keys.ts'
import { defineContract } from '../define/contract.ts'
import { recordOperations } from '../records.ts'
import { events } from './events.ts'
import { forSubscribers, internals } from './internals.ts'
import { tools } from './tools.ts'

/** The keys of the gateway, by what they are for. */
export const GATEWAY_KEYS = {
  code: { salt: 'loops', info: 'gateway code' },
  refresh: { salt: 'loops', info: 'gateway refresh' },
  invitation: { salt: 'loops', info: 'gateway invitation' },
  password_reset: { salt: 'loops', info: 'gateway password_reset' },
  confirmation: { salt: 'loops', info: 'gateway confirmation' },
  device: { salt: 'loops', info: 'gateway device' },
  setup: { salt: 'loops', info: 'gateway setup' },
  signing_keys: { salt: 'loops', info: 'gateway signing_keys', seals: true },
  second_factors: { salt: 'loops', info: 'gateway second_factors', seals: true },
  confirmed_calls: { salt: 'loops', info: 'gateway confirmed_calls' },
  event_cursors: { salt: 'loops', info: 'gateway event_cursors' },
  introspection: { salt: 'loops', info: 'gateway introspection' },
} as const satisfies Readonly<Record<string, Purpose>>

export const gateway = defineContract({
  name: 'gateway',
  version: '1.0.0',
  description: 'The MCP endpoint, sign-in, people, workspaces and memberships.',
  operations: { ...tools, ...internals, ...recordOperations() },
  forSubscribers,
  purposes: Object.values(GATEWAY_KEYS),
  events,
  watches: ['tasks', 'loops-queue', 'gateway'],
})
