// The simulation against queueing theory (https://en.wikipedia.org/wiki/M/M/c_queue), and that it is repeatable.
import { describe, expect, test } from 'vitest'
import { type Model, simulate } from '../../scale/engine-rules.ts'

/** The runs are long enough for the mean to be this near to its formula; the seed is fixed, so it always is. */
const TOLERANCE = 0.05

const queueOf = (servers: number, per_second: number, mean_ms: number): Model => ({
  seed: 7,
  stations: [{ name: 'desk', groups: 1, servers }],
  kinds: [{ name: 'call', steps: [{ station: 'desk', mean_ms }] }],
  sources: [{ type: 'open', kinds: ['call'], keys: 1, per_second }],
  warm_ms: 100_000,
  until_ms: 3_000_000,
})

/** The mean time in an M/M/c queue (ms), by Erlang's C formula. */
const erlang = (servers: number, per_second: number, mean_ms: number): number => {
  const offered = (per_second * mean_ms) / 1_000
  let term = 1
  let sum = 1
  for (let n = 1; n < servers; n += 1) {
    term *= offered / n
    sum += term
  }
  const last = ((term * offered) / servers) * (servers / (servers - offered))
  const waits = last / (sum + last)
  return mean_ms + (waits * mean_ms) / (servers - offered)
}

const near = (found: number, expected: number): void => {
  expect(Math.abs(found / expected - 1), `${found} against ${expected}`).toBeLessThan(TOLERANCE)
}

describe('the simulation', () => {
  test('waits as long as the formula of one server says', () => {
    const { mean_ms, p50_ms, stations, per_second } = simulate(queueOf(1, 70, 10))
    near(mean_ms, 10 / (1 - 0.7))
    near(p50_ms, (10 / (1 - 0.7)) * Math.log(2))
    near(stations[0]?.used ?? 0, 0.7)
    near(per_second, 70)
  })

  test('waits as long as the formula of several servers says', () => {
    near(erlang(1, 70, 10), 10 / (1 - 0.7))
    near(simulate(queueOf(4, 80, 40)).mean_ms, erlang(4, 80, 40))
    near(simulate(queueOf(16, 140, 100)).mean_ms, erlang(16, 140, 100))
  })

  test('gives the same for the same seed, and something else for another', () => {
    const model = { ...queueOf(2, 100, 10), until_ms: 200_000 }
    expect(simulate(model)).toEqual(simulate(model))
    expect(simulate({ ...model, seed: 8 })).not.toEqual(simulate(model))
  })

  test('loses no job and invents none', () => {
    const followed: Model = {
      ...queueOf(1, 150, 10),
      kinds: [
        { name: 'call', steps: [{ station: 'desk', mean_ms: 10 }], followed_by: ['event'] },
        { name: 'event', steps: [{ station: 'desk', mean_ms: 1 }] },
      ],
      until_ms: 110_000,
    }
    const { arrived, departed, inside } = simulate(followed)
    expect(inside).toBeGreaterThan(0)
    expect(arrived).toBe(departed + inside)
  })

  test('names the station that holds the others up, and where the first queue forms', () => {
    const steps = [
      { station: 'wide', mean_ms: 10 },
      { station: 'narrow', mean_ms: 10 },
    ]
    const { bottleneck, first_queue, per_second } = simulate({
      ...queueOf(1, 1, 1),
      stations: [
        { name: 'wide', groups: 1, servers: 8 },
        { name: 'narrow', groups: 1, servers: 1 },
      ],
      kinds: [{ name: 'call', steps }],
      sources: [{ type: 'closed', kinds: ['call'], keys: 1, count: 50, pause_ms: 0 }],
      warm_ms: 1_000,
      until_ms: 60_000,
    })
    expect(bottleneck).toBe('narrow')
    // All fifty come at once, so that the first may also wait at the wide one, but fewer than ten for each server.
    expect(first_queue?.station).toBe('narrow')
    near(per_second, 100)
  })

  test('takes four times as long on a quarter of a core', () => {
    const model = { ...queueOf(1, 17.5, 10), until_ms: 12_000_000 }
    const quarter = [{ name: 'desk', groups: 1, servers: 1, speed: 0.25 }]
    near(simulate({ ...model, stations: quarter }).mean_ms, 40 / (1 - 0.7))
  })

  test('gives work to replicas by chance, so that each is a queue of its own, and to those that are left', () => {
    const replicas = [{ name: 'desk', groups: 4, servers: 1, any: true as const }]
    const model = { ...queueOf(1, 280, 10), stations: replicas, until_ms: 1_000_000 }
    near(simulate(model).mean_ms, 10 / (1 - 0.7))
    const lost = { station: 'desk', share: 0.5, from_ms: 0, until_ms: 1_000_000 }
    const half = simulate({ ...model, sources: queueOf(1, 140, 10).sources, outages: [lost] })
    near(half.mean_ms, 10 / (1 - 0.7))
  })

  test('has work wait while servers are lost, and catches up', () => {
    const model = { ...queueOf(2, 100, 10), until_ms: 400_000 }
    const lost = simulate({
      ...model,
      outages: [{ station: 'desk', share: 0, from_ms: 200_000, until_ms: 210_000 }],
    })
    expect(lost.stations[0]?.longest).toBeGreaterThan(900)
    expect(lost.p99_ms).toBeGreaterThan(5_000)
    expect(lost.inside).toBeLessThan(20)
    near(lost.per_second, 100)
  })

  test('refuses a model that names what it does not have', () => {
    const model = queueOf(1, 1, 1)
    expect(() => simulate({ ...model, stations: [] })).toThrow('There is no station “desk” in the model')
    expect(() => simulate({ ...model, kinds: [] })).toThrow('There is no kind “call” in the model')
  })
})
