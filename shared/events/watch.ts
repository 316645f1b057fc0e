// Hears the events of a workspace as they pass, without a consumer: none is acknowledged, and one that is missed stays so.
//
// For whoever only wants to know that it is time to look. A subscription exists while somebody listens to its workspace.
import type { NatsConnection, Subscription } from '@nats-io/nats-core'
import type { Bus } from '../bus/connect.ts'
import type { CloudEvent } from '../contracts/define/cloud-event.ts'
import { everyEventIn } from '../contracts/define/contract.ts'

/** An event that passed; undefined: some may have been missed, because the connection was lost. */
export type Passed = (Pick<CloudEvent, 'type' | 'data'> & Partial<Pick<CloudEvent, 'id'>>) | undefined

/** The events of every workspace, as they pass. */
export type Watch = Readonly<{
  /** Listens to a workspace. What is published after this call is heard. @returns ends the listening. */
  listen: (workspaceId: string, listener: (passed: Passed) => void) => () => void
}>

type Watched = Readonly<{ listeners: Set<(passed: Passed) => void>; subscriptions: readonly Subscription[] }>

const tellAll = ({ listeners }: Pick<Watched, 'listeners'>, passed: Passed): void => {
  for (const listener of [...listeners]) listener(passed)
}

/** Says after each reconnection that events may have been missed. */
const sayWhatIsMissed = async (nc: NatsConnection, watched: ReadonlyMap<string, Watched>): Promise<void> => {
  for await (const { type } of nc.status())
    if (type === 'reconnect') for (const one of watched.values()) tellAll(one, undefined)
}

/** Opens the watch of a process over the events of these services. */
export const openWatch = (
  { nc, log }: Pick<Bus, 'nc' | 'log'>,
  services: readonly string[] | undefined = [],
): Watch => {
  const watched = new Map<string, Watched>()
  void sayWhatIsMissed(nc, watched)
  const subscribe = (workspaceId: string): Watched => {
    const listeners: Watched['listeners'] = new Set()
    const subscriptions = services.map((service) =>
      nc.subscribe(everyEventIn(service, workspaceId), {
        callback: (error, msg) => {
          if (error) return log.warn('events cannot be watched', { service, error })
          tellAll({ listeners }, msg.json<CloudEvent>())
        },
      }),
    )
    return { listeners, subscriptions }
  }
  return {
    listen: (workspaceId, listener) => {
      const one = watched.get(workspaceId) ?? subscribe(workspaceId)
      watched.set(workspaceId, one)
      one.listeners.add(listener)
      return () => {
        if (!one.listeners.delete(listener) || one.listeners.size > 0) return
        watched.delete(workspaceId)
        for (const subscription of one.subscriptions) subscription.unsubscribe()
      }
    },
  }
}
