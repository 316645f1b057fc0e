// Shared by tests of loops: loops by name, the order as one caller sees it, and its published changes.
import { expect } from 'vitest'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { QueueChange } from './queue-model.ts'
import { type Acting, ids, refused, type TestEnvironment } from './service-environment.ts'

/** The operations of the service for one caller. */
export type Loops = Acting<typeof loopsQueue>

/** A published change of an order. */
export type PublishedVersion = QueueChange & Readonly<{ version: number; by: { user_id: string } | null }>

/** Creates loops of these names, one after another. Returns their ids by name. */
export const makeLoops = async <N extends string>(
  service: Loops,
  names: readonly N[],
  visibility: 'public' | 'private' = 'public',
): Promise<Record<N, string>> => {
  const made = {} as Record<N, string>
  for (const name of names) made[name] = (await service.create_loop({ name, visibility })).loop.id
  return made
}

/** The queue as the caller sees it; needs no tasks service, since a refused change shows it. */
export const peek = async (service: Loops): Promise<{ version: number; head: string[] }> => {
  const never = { loop_id: ids.next(), priority: 0, expected_version: Number.MAX_SAFE_INTEGER }
  const { code, extras } = await refused(service.set_loop_priority(never))
  expect(code).toBe('version_conflict')
  return { version: Number(extras.details?.current), head: extras.details?.order_head as string[] }
}

/** The order that the caller sees, by the names of loops. */
export const orderOf = async (service: Loops, loops: Record<string, string>): Promise<string> => {
  const names = new Map(Object.entries(loops).map(([name, id]) => [id, name]))
  return (await peek(service)).head.map((id) => names.get(id) ?? '?').join('')
}

/** The changes of an order among events, by version. */
export const changesAmong = (events: readonly CloudEvent[]): PublishedVersion[] =>
  events
    .filter(({ type }) => type === 'queue.changed')
    .map(({ data }) => loopsQueue.events['queue.changed'].data.parse(data))
    .sort((a, b) => a.version - b.version)

/** Waits until all versions of the order up to this one are published. Returns the events of the workspace. */
export const publishedUpTo = (
  env: TestEnvironment,
  workspaceId: string,
  version: number,
): Promise<readonly CloudEvent[]> =>
  env.events('loops-queue', workspaceId, (published) => {
    const versions = published.flatMap(({ type, sequence }) => (type === 'queue.changed' ? [sequence] : []))
    return new Set(versions).size >= version
  })

/** The expected versions: 1, 2 and so on. */
export const versionsUpTo = (version: number): number[] => Array.from({ length: version }, (_, n) => n + 1)
