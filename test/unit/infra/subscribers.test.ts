// Which filter a subscriber gets for what was asked, and that both configurations of NATS let subscribers reach the same.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { accountsText, checkName, filterFor } from '../../../infra/subscribers/access.ts'
import { readSubscribers, writeSubscribers } from '../../../infra/subscribers/registry.ts'
import { SOME_ID } from '../../support/tools.ts'

test.each([
  [undefined, undefined, 'evt.*.*.*.*'],
  ['evt.>', undefined, 'evt.*.*.*.*'],
  ['evt.tasks.>', undefined, 'evt.tasks.*.*.*'],
  ['evt.*.loop.>', undefined, 'evt.*.loop.*.*'],
  ['evt.tasks.task.created.*', undefined, 'evt.tasks.task.created.*'],
  [undefined, SOME_ID.toLowerCase(), `evt.*.*.*.${SOME_ID}`],
  ['evt.tasks.>', SOME_ID, `evt.tasks.*.*.${SOME_ID}`],
  [`evt.tasks.*.*.${SOME_ID}`, SOME_ID, `evt.tasks.*.*.${SOME_ID}`],
])('the_filter_of_%s_in_%s', (events, workspace, filter) => {
  expect(filterFor(events, workspace)).toBe(filter)
})

test.each([
  ['evt.task.>', undefined],
  ['rpc.tasks.>', undefined],
  ['*.tasks.>', undefined],
  ['', undefined],
  ['evt.tasks', undefined],
  ['evt.tasks.task.created.*.*', undefined],
  ['evt.tasks.task.created.x y', undefined],
  [undefined, 'Quarry'],
  [undefined, '*'],
  [`evt.tasks.*.*.${SOME_ID}`, SOME_ID.replace('0', '1')],
])('no_filter_for_%s_in_%s', (events, workspace) => {
  expect(() => filterFor(events, workspace)).toThrow(/filters are like|not the id of one workspace/)
})

test.each(['a', '9lives', 'Reports', 'a b', 'a.b', 'x'.repeat(33), '*', 'tasks', 'notifier'])(
  'no_subscriber_is_called_%s',
  (name) => {
    expect(() => checkName(name)).toThrow(/choose another name|cannot be a name/)
  },
)

test('the_servers_of_an_operator_and_of_npm_start_let_subscribers_reach_the_same', () => {
  const conf = readFileSync(new URL('../../../infra/nats.conf', import.meta.url), 'utf8')
  const services = (text: string) => [...text.matchAll(/^ *(\{ service: .*\})$/gm)].map(([, line]) => line)
  expect(services(conf)).toHaveLength(14)
  expect(services(conf)).toEqual(services(accountsText('', 'x')))
})

test('a_list_that_cannot_be_read_is_not_taken_for_an_empty_one', () => {
  const folder = mkdtempSync(join(tmpdir(), 'subscribers-'))
  try {
    expect(readSubscribers(folder)).toEqual([])
    const one = { name: 'reports', key: 'UA', filter: 'evt.*.*.*.*', added_at: '2026-01-01T00:00:00.000Z' }
    writeSubscribers(folder, [one])
    expect(readSubscribers(folder)).toEqual([one])
    writeFileSync(join(folder, 'subscribers.json'), '[{')
    expect(() => readSubscribers(folder)).toThrow('cannot be read')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
