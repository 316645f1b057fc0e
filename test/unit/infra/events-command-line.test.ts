// What the words of `npm run events` ask for, and which of them are refused with a sentence.
import { expect, test } from 'vitest'
import { readCommand } from '../../../infra/events/command-line.ts'

const NOW = new Date('2026-05-05T12:00:00Z')
const asked = (words: string) => readCommand(words.split(' ').filter(Boolean), NOW)

test.each([
  ['', { command: 'help' }],
  ['dead --help', { command: 'help' }],
  ['dead', { command: 'dead', all: false, limit: 50 }],
  ['dead notifier/E --all', { command: 'dead', id: 'notifier/E', all: true, limit: 50 }],
  ['dead --consumer notifier --limit 7', { command: 'dead', consumer: 'notifier', all: false, limit: 7 }],
  ['redrive A B', { command: 'redrive', ids: ['A', 'B'] }],
  ['redrive --all --consumer notifier', { command: 'redrive', ids: [], consumer: 'notifier' }],
  ['replay --lost', { command: 'lost' }],
  [
    'replay --consumer reports --since 2h',
    { command: 'replay', consumer: 'reports', since: new Date('2026-05-05T10:00:00Z'), dry: false },
  ],
  [
    'replay --consumer reports --since 2026-05-01T00:00Z --dry-run',
    { command: 'replay', consumer: 'reports', since: new Date('2026-05-01T00:00:00Z'), dry: true },
  ],
])('%j', (words, meant) => {
  expect(asked(words)).toEqual(meant)
})

test.each([
  ['bury', /no such command: bury/],
  ['dead A B', /one ID, or none/],
  ['dead --limit 0', /--limit is a number/],
  ['dead --colour', /--colour/],
  ['redrive', /needs the IDs of dead letters, or --all/],
  ['redrive A --all', /needs the IDs of dead letters, or --all/],
  ['replay', /needs --consumer NAME and --since WHEN/],
  ['replay --lost --consumer reports', /needs --consumer NAME and --since WHEN/],
  ['replay --consumer reports', /needs --consumer NAME and --since WHEN/],
  ['replay --consumer reports --since yesterday', /--since yesterday is not a time/],
  ['replay --consumer reports --since 2027-01-01', /is in the future/],
])('%j is refused', (words, why) => {
  expect(() => asked(words)).toThrow(why)
})
