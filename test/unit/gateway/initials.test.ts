// The letters in the circle beside a name.
import { expect, test } from 'vitest'
import { initials } from '../../../services/gateway/web/navigation.ts'

test.each([
  ['Maren Åsnes', 'MÅ'],
  ['ann', 'A'],
  ['  Tarek  bin  Ali ', 'TA'],
  ['Claude Code (planner)', 'CP'],
  ['“Robot” 7', 'R7'],
  ['🦊', '🦊'],
  ['--', '-'],
  ['', ''],
])('of_%s', (name, letters) => {
  expect(initials(name)).toBe(letters)
})
