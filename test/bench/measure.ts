// Measures pairs in turn, so that noise hits both alike, and gives ratios of medians.
import { cpus, totalmem } from 'node:os'

/** Latencies of single runs in ms, sorted. */
export type Sample = Readonly<{ p50: number; p99: number; perSecond: number }>

/** Two things measured in turn; `ratio` is the median over rounds of a.p50 / b.p50. */
export type Pair = Readonly<{ a: Sample; b: Sample; ratio: number; ratios: readonly number[] }>

const at = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] as number

export const median = (values: readonly number[]): number =>
  at(
    values.toSorted((a, b) => a - b),
    0.5,
  )

/** Figures of runs with these durations; all together took `elapsed_ms`. */
export const toSample = (latencies_ms: readonly number[], elapsed_ms: number): Sample => {
  const sorted = latencies_ms.toSorted((a, b) => a - b)
  return {
    p50: at(sorted, 0.5),
    p99: at(sorted, 0.99),
    perSecond: (latencies_ms.length / elapsed_ms) * 1_000,
  }
}

/** Runs `work` `count` times, `parallel` at once. */
export const sample = async (
  work: (index: number) => Promise<unknown>,
  count: number,
  parallel = 1,
): Promise<Sample> => {
  const latencies_ms: number[] = []
  let next = 0
  const began = performance.now()
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < count) {
        const index = next++
        const start = performance.now()
        await work(index)
        latencies_ms.push(performance.now() - start)
      }
    }),
  )
  return toSample(latencies_ms, performance.now() - began)
}

/** Alternates a and b over `rounds` rounds after one that is not counted; `by` picks what the ratio compares. */
export const pair = async (
  a: () => Promise<Sample>,
  b: () => Promise<Sample>,
  rounds: number,
  by: 'p50' | 'perSecond' = 'p50',
): Promise<Pair> => {
  await a()
  await b()
  const as: Sample[] = []
  const bs: Sample[] = []
  for (let round = 0; round < rounds; round += 1) {
    as.push(await a())
    bs.push(await b())
  }
  const ratios = as.map((one, index) => one[by] / (bs[index] as Sample)[by])
  const middle = (samples: readonly Sample[]): Sample => ({
    p50: median(samples.map(({ p50 }) => p50)),
    p99: median(samples.map(({ p99 }) => p99)),
    perSecond: median(samples.map(({ perSecond }) => perSecond)),
  })
  return { a: middle(as), b: middle(bs), ratio: median(ratios), ratios }
}

/** The machine of the measurement. */
export const machine = (): string =>
  `${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform}`

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} ms`

/** A part of the table, in Markdown, and the raw figures behind it. */
export type Section = Readonly<{ lines: readonly string[]; raw: unknown }>
