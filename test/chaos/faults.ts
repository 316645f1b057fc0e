// How each planned hurt is done to a world, and undone.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock as clock } from '../../shared/process/clock.ts'
import type { Fault, FaultProxy } from '../support/chaos/fault-proxy.ts'
import { canFillDisk, fillDisk } from '../support/chaos/full-disk.ts'
import type { Controlled } from '../support/chaos/processes.ts'
import { groupOf, type Roster, type ScheduledFault } from './schedule.ts'
import type { World } from './world.ts'

/** Of the mails that arrive, so many are taken without a word while the mail server is being hurt, and at other times. */
const DROPS = { hurt: 0.3, always: 0.02 } as const
const MAX_DELAY_MS = 500
const MAX_CUT_BYTES = 2_000

const LINK_WAYS = ['delay', 'cut_requests', 'cut_replies', 'half_open', 'refuse'] as const

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

/** All that can be hurt in a world. */
export const rosterOf = (world: World): Roster => {
  const processes = processesOf(world).map(({ name }) => name)
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
    ...(clustered
      ? {
          part: world.nats.servers.map(({ process }) => process.name),
          kill_majority: ['nats'],
          step_down: ['mongod'],
        }
      : {}),
  }
}

const faultOf = ({ way, strength }: ScheduledFault): Fault => {
  const after_bytes = Math.floor(strength * MAX_CUT_BYTES)
  if (way === 'delay') return { kind: 'delay', ms: Math.ceil(strength * MAX_DELAY_MS) }
  if (way === 'cut_requests') return { kind: 'cut', of: 'request', after_bytes }
  if (way === 'cut_replies') return { kind: 'cut', of: 'reply', after_bytes }
  return { kind: way === 'half_open' ? 'half_open' : 'refuse' }
}

type Doing = Readonly<{ begin: () => unknown; end: () => unknown }>

const ofProcess = (world: World, { way, target }: ScheduledFault): Doing => {
  const found = processesOf(world).find(({ name }) => name === target)
  if (!found) throw new Error(`There is no process ${target}.`)
  return way === 'kill' ? { begin: found.kill, end: found.start } : { begin: found.pause, end: found.resume }
}

const ofRelease = ({ services, previous }: World, { target }: ScheduledFault): Doing => {
  const [current, earlier] = [services.find(({ name }) => name === target), previous.get(target)]
  if (!current || !earlier) throw new Error(`There is no earlier release of ${target}.`)
  const replace = async (one: Controlled, other: Controlled): Promise<void> => {
    await one.kill()
    other.start()
  }
  return { begin: () => replace(current, earlier), end: () => replace(earlier, current) }
}

const ofLink = (world: World, hurt: ScheduledFault): Doing => {
  const link = linksOf(world).get(hurt.target)
  if (!link) throw new Error(`There is no way to ${hurt.target}.`)
  return { begin: () => link.inflict(faultOf(hurt)), end: link.heal }
}

const ofWhole = (world: World, { way, target, length_ms }: ScheduledFault, random: () => number): Doing => {
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
        begin: () => world.mail.drop(DROPS.hurt, random),
        end: () => world.mail.drop(DROPS.always, random),
      }
  }
}

const doing = (world: World, hurt: ScheduledFault, random: () => number): Doing => {
  if (hurt.way === 'kill' || hurt.way === 'stop') return ofProcess(world, hurt)
  if (hurt.way === 'previous_release') return ofRelease(world, hurt)
  return LINK_WAYS.some((way) => way === hurt.way) ? ofLink(world, hurt) : ofWhole(world, hurt, random)
}

/**
 * Does what is planned, each at its time, and returns when all of it is undone.
 * @param tell of each beginning and end
 */
export const injectFaults = async (
  world: World,
  plan: readonly ScheduledFault[],
  random: () => number,
  tell: (text: string) => void,
): Promise<void> => {
  const began = clock.monotonicMs()
  world.mail.drop(DROPS.always, random)
  await Promise.all(
    plan.map(async (hurt) => {
      await sleep(hurt.at_ms)
      const { begin, end } = doing(world, hurt, random)
      const at = ((clock.monotonicMs() - began) / 1_000).toFixed(1)
      tell(`${at} s  ${hurt.way} ${hurt.target}, ${(hurt.length_ms / 1_000).toFixed(1)} s`)
      await begin()
      await sleep(hurt.length_ms)
      await end()
    }),
  )
  world.mail.drop(0, random)
}

/** What a plan does to a service or to a kind of server, for what may follow from it. */
export const faultsOf = (plan: readonly ScheduledFault[], group: string): readonly ScheduledFault[] =>
  plan.filter(({ target }) => groupOf(target) === group)
