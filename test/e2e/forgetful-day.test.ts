// A day of forgetful agents over three replicas, one of them under Deno: whatever they forget, all work is done once.
import { expect, test } from 'vitest'
import { runForgetfulDay } from '../chaos/forgetful-day.ts'
import { runtimesOf } from '../support/runtimes.ts'

test('after_a_day_of_forgetful_agents_all_work_is_done_once_and_what_kills_its_workers_is_on_hold', async () => {
  const { figures, expiries, verdict, fatal, kills } = await runForgetfulDay(runtimesOf(3), 7)
  const met = [...figures.met].map(([code, count]) => `${code} ${count}`).join(', ') || 'none'
  console.log(
    `${figures.claims} claims, ${figures.completed.length} completions, ${figures.late} too late, ${expiries} expiries, ${kills} kills; met: ${met}`,
  )
  expect(verdict).toEqual({ lost: [], doubled: [], shared: [], stolen: [], denied: [], outcomes: [] })
  expect(figures.handed_twice).toEqual([])
  expect(fatal).toHaveLength(3)
  for (const { status, attempts, comments } of fatal) {
    expect({ status, attempts }).toEqual({ status: 'on_hold', attempts: [1, 2, 3] })
    expect(comments).toEqual([expect.stringMatching(/^Put on hold: 3 claims in a row expired/)])
  }
  expect(kills).toBe(2)
  // Each kind of forgetfulness was there.
  expect(figures.late).toBeGreaterThan(0)
  expect(expiries).toBeGreaterThan(3 * fatal.length)
})
