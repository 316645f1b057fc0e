// What sweepers take for left: only what was there at every look.
import { expect, test } from 'vitest'
import { lingering } from '../../../services/loops-queue/sweepers.ts'

test('only_what_was_there_at_every_look_for_so_long_lingers', () => {
  const look = lingering(100)
  expect(look(['a', 'b'], 1_000)).toEqual([])
  expect(look(['a'], 1_050)).toEqual([])
  expect(look(['a', 'b'], 1_100)).toEqual(['a'])
  expect(look(['a', 'b'], 1_199)).toEqual(['a'])
  expect(look(['a', 'b'], 1_200)).toEqual(['a', 'b'])
})
