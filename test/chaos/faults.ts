// How each scheduled fault is injected into a world, and ended.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock as clock } from '../../shared/process/clock.ts'
import type { Fault, FaultProxy } from '../support/chaos/fault-proxy.ts'
import { canFillDisk, fillDisk } from '../support/chaos/full-disk.ts'
import type { Controlled } from '../support/chaos/processes.ts'
import { groupOf, type Roster, type ScheduledFault } from './schedule.ts'
import type { World } from './world.ts'

/** The share of mails whose connection is cut once they have arrived: during a fault of the mail server, and otherwise. */
const DROPS = { fault: 0.3, always: 0.02 } as const
const MAX_DELAY_MS = 500
const MAX_CUT_BYTES = 2_000

const LINK_WAYS = ['delay', 'cut_requests', 'cut_replies', 'half_open', 'refuse'] as const

const PROCESS_WAYS = ['kill', 'stop', 'freeze', 'hang'] as const

const processesOf = ({ services, nats, mongo }: World): readonly Controlled[] => [
  ...services,
  ...nats.servers.map(({ process }) => process),
  ...mongo.servers.map(({ process }) => process),
]

const linksOf = ({ nats, mongo, mail }: World): ReadonlyMap<string, FaultProxy> =>
  new Map([
    ...nats.servers.map(({ process, proxy }) => [process.name, proxy] as const),
    ...mongo.servers.map(({ process, proxy }) => [process.name, proxy] as const),
    ['smtp-1', mail.proxy],
  ])

/** All that can fail in a world. */
export const rosterOf = (world: World): Roster => {
  const processes = processesOf(world).map(({ name }) => name)
  const services = world.services.map(({ name }) => name)
  const links = [...linksOf(world).keys()]
  const clustered = world.nats.servers.length > 1
  return {
    kill: processes,
    stop: processes,
    ...Object.fromEntries(LINK_WAYS.map((way) => [way, links])),
    cut_off: ['mongod'],
    lose_stream: ['nats'],
    drop_mails: ['smtp'],
    full_disk: canFillDisk() ? ['nats'] : [],
    previous_release: [...world.previous.keys()],
    ...(world.kubelet ? { freeze: services, hang: services } : {}),
    ...(clustered
      ? {
          part: world.nats.servers.map(({ process }) => process.name),
          kill_majority: ['nats'],
          step_down: ['mongod'],
        }
      : {}),
  }
}

const linkFaultOf = ({ way, strength }: ScheduledFault): Fault => {
  const after_bytes = Math.floor(strength * MAX_CUT_BYTES)
  if (way === 'delay') return { kind: 'delay', ms: Math.ceil(strength * MAX_DELAY_MS) }
  if (way === 'cut_requests') return { kind: 'cut', of: 'request', after_bytes }
  if (way === 'cut_replies') return { kind: 'cut', of: 'reply', after_bytes }
  return { kind: way === 'half_open' ? 'half_open' : 'refuse' }
}

type Injection = Readonly<{ begin: () => unknown; end: () => unknown }>

const processFault = (world: World, { way, target }: ScheduledFault): Injection => {
  const found = processesOf(world).find(({ name }) => name === target)
  if (!found) throw new Error(`There is no process ${target}.`)
  if (way === 'kill') return { begin: found.kill, end: found.start }
  // What takes its place notices neither.
  if (way === 'hang') return { begin: () => found.signal('SIGUSR2'), end: () => undefined }
  return { begin: found.pause, end: found.resume }
}

const releaseFault = ({ services, previous }: World, { target }: ScheduledFault): Injection => {
  const [current, earlier] = [services.find(({ name }) => name === target), previous.get(target)]
  if (!current || !earlier) throw new Error(`There is no earlier release of ${target}.`)
  const replace = async (one: Controlled, other: Controlled): Promise<void> => {
    await one.kill()
    other.start()
  }
  return { begin: () => replace(current, earlier), end: () => replace(earlier, current) }
}

const linkFault = (world: World, fault: ScheduledFault): Injection => {
  const link = linksOf(world).get(fault.target)
  if (!link) throw new Error(`There is no connection to ${fault.target}.`)
  return { begin: () => link.inflict(linkFaultOf(fault)), end: link.heal }
}

const systemFault = (
  world: World,
  { way, target, length_ms }: ScheduledFault,
  random: () => number,
): Injection => {
  const { nats, mongo } = world
  const startAll = (): void => {
    for (const { process } of nats.servers) process.start()
  }
  switch (way) {
    case 'part': {
      const index = nats.servers.findIndex(({ process }) => process.name === target)
      return { begin: () => nats.part(index), end: nats.join }
    }
    case 'kill_majority':
      return {
        begin: () => Promise.all(nats.servers.slice(1).map(({ process }) => process.kill())),
        end: startAll,
      }
    case 'full_disk':
      return {
        begin: () => Promise.all(nats.servers.map(({ process }) => fillDisk(process.pid() ?? 0))),
        end: async () => {
          await Promise.all(nats.servers.map(({ process }) => process.kill()))
          startAll()
        },
      }
    case 'lose_stream':
      return { begin: nats.loseEverything, end: startAll }
    case 'cut_off':
      return {
        begin: () => {
          for (const { proxy } of mongo.servers) proxy.inflict({ kind: 'refuse' })
        },
        end: () => {
          for (const { proxy } of mongo.servers) proxy.heal()
        },
      }
    case 'step_down':
      return { begin: () => mongo.stepDown(Math.ceil(length_ms / 1_000)), end: () => undefined }
    default:
      return {
        begin: () => world.mail.drop(DROPS.fault, random),
        end: () => world.mail.drop(DROPS.always, random),
      }
  }
}

const injectionOf = (world: World, fault: ScheduledFault, random: () => number): Injection => {
  if (PROCESS_WAYS.some((way) => way === fault.way)) return processFault(world, fault)
  if (fault.way === 'previous_release') return releaseFault(world, fault)
  return LINK_WAYS.some((way) => way === fault.way)
    ? linkFault(world, fault)
    : systemFault(world, fault, random)
}

/**
 * Injects each fault at its time, and returns when all have ended.
 * @param log takes a line for each fault
 */
export const injectFaults = async (
  world: World,
  schedule: readonly ScheduledFault[],
  random: () => number,
  log: (text: string) => void,
): Promise<void> => {
  const began = clock.monotonicMs()
  world.mail.drop(DROPS.always, random)
  await Promise.all(
    schedule.map(async (fault) => {
      await sleep(fault.at_ms)
      const { begin, end } = injectionOf(world, fault, random)
      const at = ((clock.monotonicMs() - began) / 1_000).toFixed(1)
      log(`${at} s  ${fault.way} ${fault.target}, ${(fault.length_ms / 1_000).toFixed(1)} s`)
      await begin()
      await sleep(fault.length_ms)
      await end()
    }),
  )
  world.mail.drop(0, random)
}

/** The faults of a schedule that meet a service or a kind of server. */
export const faultsOf = (schedule: readonly ScheduledFault[], group: string): readonly ScheduledFault[] =>
  schedule.filter(({ target }) => groupOf(target) === group)
