// Which faults come when and for how long: decided by a seed alone, so that a run can be repeated. Pure.
import { randomFrom } from '../support/random.ts'

/** Every kind of fault, with the shortest and the longest time that it lasts (ms). */
export const WAYS = {
  /** SIGKILL; started again at the end. */
  kill: [100, 4_000],
  /** SIGSTOP, and SIGCONT at the end. */
  stop: [500, 6_000],
  /** Everything on its connections comes late. */
  delay: [1_000, 5_000],
  /** Its connections are cut in the middle of what it is asked. */
  cut_requests: [1_000, 3_000],
  /** Its connections are cut when it answers: what it has done, nobody learns. */
  cut_replies: [1_000, 3_000],
  /** Its connections are dead, and neither end notices. */
  half_open: [500, 2_000],
  /** Nobody reaches it. */
  refuse: [500, 4_000],
  /** Nobody reaches MongoDB, not even its own members each other, for longer than an election takes. */
  cut_off: [16_000, 30_000],
  /** One NATS server is cut off from the others. */
  part: [3_000, 10_000],
  /** The majority of the NATS servers is killed at once. */
  kill_majority: [500, 3_000],
  /** No NATS server can write. Each is restarted at the end, as an operator does who has freed some space. */
  full_disk: [6_000, 12_000],
  /** An instance is replaced by one of the previous release, which knows one kind of event less, and back. */
  previous_release: [3_000, 8_000],
  /** All that JetStream has on disk is deleted, on every server at once. */
  lose_stream: [200, 1_000],
  /** The primary of MongoDB hands over. */
  step_down: [5_000, 10_000],
  /** SIGSTOP, until whoever watches the probes has killed it. Longer than the rules of the chart take. */
  freeze: [130_000, 140_000],
  /** Its event loop never gets on, until whoever watches the probes has killed it. */
  hang: [130_000, 140_000],
  /** The mail server hangs up after it has taken a mail, without a reply. */
  drop_mails: [2_000, 6_000],
} as const satisfies Record<string, readonly [number, number]>

export type Way = keyof typeof WAYS

/** One fault. `strength` is from 0 to 1: how long a delay is, or how late a cut. */
export type ScheduledFault = Readonly<{
  at_ms: number
  length_ms: number
  way: Way
  target: string
  strength: number
}>

/** What can fail in each way. Never do two things of one group fail at the same time. */
export type Roster = Readonly<Partial<Record<Way, readonly string[]>>>

/** How often a way comes in a round; once where it is not named. */
const WEIGHTS: Readonly<Partial<Record<Way, number>>> = { kill: 3, stop: 2 }
/** How long a group is left alone between two faults (ms). */
const REST_MS = 2_000

/** What fails together: `nats-2` belongs to the group `nats`. */
export const groupOf = (target: string): string => target.replace(/-\d+$/, '')

/**
 * Makes the schedule of a run. Ways come in shuffled rounds, so that a long run has each of them. Every group comes equally
 * often, whatever its size, and each fault waits until its group is free.
 * @param duration_ms nothing lasts longer than this
 * @param gap_ms the mean time from one beginning to the next
 */
export const scheduleOf = (
  seed: number,
  duration_ms: number,
  roster: Roster,
  gap_ms = 2_500,
): readonly ScheduledFault[] => {
  const random = randomFrom(seed)
  const among = <T>(all: readonly T[]): T => all[random(all.length)] as T
  const between = ([least, most]: readonly [number, number]): number => least + random(most - least + 1)
  const ways = (Object.keys(WAYS) as Way[])
    .filter((way) => (roster[way] ?? []).length > 0)
    .flatMap((way) => Array<Way>(WEIGHTS[way] ?? 1).fill(way))
  const targetOf = (way: Way): string => {
    const groups = Object.values(Object.groupBy(roster[way] as readonly string[], groupOf))
    return among(among(groups) as readonly string[])
  }
  const free = new Map<string, number>()
  const schedule: ScheduledFault[] = []
  let [deck, at_ms]: [Way[], number] = [[], 0]
  while (ways.length > 0 && at_ms < duration_ms) {
    if (deck.length === 0) deck = shuffled(ways, random)
    const way = deck.pop() as Way
    const target = targetOf(way)
    const group = groupOf(target)
    const begin = Math.max(at_ms, free.get(group) ?? 0)
    const length_ms = between(WAYS[way])
    if (begin + length_ms <= duration_ms)
      schedule.push({ at_ms: begin, length_ms, way, target, strength: random(1_001) / 1_000 })
    free.set(group, begin + length_ms + REST_MS)
    at_ms += between([gap_ms / 2, (gap_ms * 3) / 2])
  }
  return schedule.toSorted((a, b) => a.at_ms - b.at_ms)
}

const shuffled = <T>(all: readonly T[], random: (n: number) => number): T[] => {
  const left = [...all]
  return all.map(() => left.splice(random(left.length), 1)[0] as T)
}
