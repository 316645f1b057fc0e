// The subjects of a consumer only grow, and NATS takes no two of which one covers the other.
import { expect, test } from 'vitest'
import { withFilters } from '../../../shared/events/streams.ts'

test.each([
  [['evt.a.b'], ['evt.a.c'], ['evt.a.b', 'evt.a.c']],
  [['evt.a.b'], ['evt.a.b'], ['evt.a.b']],
  [['evt.>'], ['evt.a.b'], ['evt.>']],
  [['evt.a.b'], ['evt.a.*'], ['evt.a.*']],
  [['evt.a.b.c'], ['evt.a.>'], ['evt.a.>']],
  [['evt.a.*'], ['evt.a.b.c'], ['evt.a.*', 'evt.a.b.c']],
  [['evt.a'], ['evt.a.>'], ['evt.a', 'evt.a.>']],
  [['evt.*.b'], ['evt.a.*'], ['evt.*.b', 'evt.a.*']],
  [['evt.a.>'], ['evt.a.*'], ['evt.a.>']],
])('%j and %j make %j', (had, asked, both) => {
  expect(withFilters({ filter_subjects: had }, asked)).toEqual(both)
})

test('one_that_was_made_with_a_single_subject_keeps_it', () => {
  expect(withFilters({ filter_subject: 'evt.a' }, ['evt.b'])).toEqual(['evt.a', 'evt.b'])
  expect(withFilters(undefined, ['evt.b'])).toEqual(['evt.b'])
})
