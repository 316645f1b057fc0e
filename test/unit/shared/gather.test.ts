// Many small requests that become few large ones.
import { expect, test } from 'vitest'
import { gather, gatherBy } from '../../../shared/process/gather.ts'

/** Runs of a batch that end when the test says so. */
const heldRuns = () => {
  const runs: { items: readonly string[]; done: PromiseWithResolvers<readonly string[]> }[] = []
  const run = (items: readonly string[]): Promise<readonly string[]> => {
    const done = Promise.withResolvers<readonly string[]>()
    runs.push({ items, done })
    return done.promise
  }
  return { runs, run }
}

test('what_comes_during_a_run_makes_up_the_next_and_each_item_gets_its_own_result', async () => {
  const { runs, run } = heldRuns()
  const add = gather<string, string>(2, run)
  const all = ['a', 'b', 'c', 'd'].map((item) => add(item))
  expect(runs.map(({ items }) => items)).toEqual([['a']])
  runs[0]?.done.resolve(['A'])
  expect(await all[0]).toBe('A')
  expect(runs[1]?.items).toEqual(['b', 'c'])
  runs[1]?.done.resolve(['B', 'C'])
  expect(await Promise.all([all[1], all[2]])).toEqual(['B', 'C'])
  expect(runs[2]?.items).toEqual(['d'])
  runs[2]?.done.resolve(['D'])
  expect(await all[3]).toBe('D')
})

test('a_failed_run_fails_its_own_items_alone', async () => {
  const { runs, run } = heldRuns()
  const add = gather<string, string>(10, run)
  const [first, second] = [add('a'), add('b')]
  runs[0]?.done.reject(new Error('no'))
  await expect(first).rejects.toThrow('no')
  runs[1]?.done.resolve(['B'])
  expect(await second).toBe('B')
})

test('a_batch_that_lingers_takes_what_comes_meanwhile', async () => {
  const { runs, run } = heldRuns()
  const add = gather<string, string>(2, run, 1)
  const all = ['a', 'b', 'c'].map((item) => add(item))
  await expect.poll(() => runs.length).toBe(1)
  expect(runs[0]?.items).toEqual(['a', 'b'])
  runs[0]?.done.resolve(['A', 'B'])
  expect(await Promise.all(all.slice(0, 2))).toEqual(['A', 'B'])
  await expect.poll(() => runs.length).toBe(2)
  runs[1]?.done.resolve(['C'])
  expect(await all[2]).toBe('C')
})

test('items_of_another_key_do_not_wait', async () => {
  const { runs, run } = heldRuns()
  const add = gatherBy<string, string>(10, (item) => item.slice(0, 1), run)
  const all = [add('a1'), add('a2'), add('b1')]
  expect(runs.map(({ items }) => items)).toEqual([['a1'], ['b1']])
  runs[1]?.done.resolve(['B1'])
  expect(await all[2]).toBe('B1')
  runs[0]?.done.resolve(['A1'])
  expect(await all[0]).toBe('A1')
  runs[2]?.done.resolve(['A2'])
  expect(await all[1]).toBe('A2')
})
