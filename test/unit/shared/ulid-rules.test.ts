// The moment in an id.
import { expect, test } from 'vitest'
import { idFloor } from '../../../shared/process/ids.ts'
import { momentOf } from '../../../shared/process/ulid-rules.ts'

test('an_id_tells_when_it_was_made', () => {
  for (const at of ['1970-01-01T00:00:00.000Z', '2026-03-04T05:06:07.089Z'])
    expect(momentOf(idFloor(new Date(at)))?.toISOString()).toBe(at)
})

test('what_is_no_id_tells_nothing', () => {
  for (const text of ['', '01J', 'what is this']) expect(momentOf(text)).toBeUndefined()
})
