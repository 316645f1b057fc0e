// Who wants which mail: every wish against every kind of loop, what makes a loop somebody's own, and how wishes change.
import { describe, expect, it, test } from 'vitest'
import {
  changedPreference,
  EVERYTHING,
  isMine,
  MUTED_LOOPS,
  type Preference,
  unsentBecause,
} from '../../../services/notifier/preference-rules.ts'
import { exampleId } from '../../support/shipped-loop.ts'

const LOOP = exampleId(1)
const OTHER = exampleId(2)
const muted = (...ids: string[]) => ids.map((loop_id) => ({ loop_id, name: `Loop ${loop_id}` }))
const about = (mine: boolean) => ({ loop_id: LOOP, loop_name: 'Checkout', mine })

describe('a mail about a loop', () => {
  const ALL = { wants: 'all', muted: [] } as const
  const MINE = { wants: 'mine', muted: [] } as const
  const NONE = { wants: 'none', muted: [] } as const
  test.each<readonly [string, Preference | undefined, boolean, boolean]>([
    ['no wish told, not mine', undefined, false, true],
    ['no wish told, mine', undefined, true, true],
    ['all, not mine', ALL, false, true],
    ['all, mine', ALL, true, true],
    ['mine, not mine', MINE, false, false],
    ['mine, mine', MINE, true, true],
    ['none, not mine', NONE, false, false],
    ['none, mine', NONE, true, false],
    ['all, muted, not mine', { ...ALL, muted: muted(LOOP) }, false, false],
    ['all, muted, mine', { ...ALL, muted: muted(LOOP) }, true, false],
    ['mine, muted, mine', { ...MINE, muted: muted(OTHER, LOOP) }, true, false],
    ['all, another muted', { ...ALL, muted: muted(OTHER) }, false, true],
    ['mine, another muted, mine', { ...MINE, muted: muted(OTHER) }, true, true],
  ])('%s', (_, wish, mine, wanted) => {
    expect(unsentBecause(wish, about(mine)) === undefined).toBe(wanted)
  })
  test.each([ALL, MINE, NONE])('asked for by hand it comes whatever was wished: $wants', (wish) => {
    expect(unsentBecause(wish, null)).toBeUndefined()
  })
})

describe('a loop is somebody’s own', () => {
  const me = exampleId(9)
  const nobody = { by: { user_id: exampleId(8) }, member_ids: null, people_ids: [] }
  it.each([
    ['who shipped it', { ...nobody, by: { user_id: me } }, true],
    ['who is a member of it', { ...nobody, member_ids: [exampleId(8), me] }, true],
    ['who took part in it', { ...nobody, people_ids: [me] }, true],
    ['nobody else’s', { ...nobody, member_ids: [exampleId(8)], people_ids: [exampleId(8)] }, false],
    ['nobody else’s, told by an older release', nobody, false],
  ])('%s', (_, told, mine) => expect(isMine(told, me)).toBe(mine))
})

describe('a wish', () => {
  it('stays_the_same_object_when_it_says_so_already', () => {
    const wish = { wants: 'mine', muted: muted(LOOP) } as const
    expect(changedPreference(wish, {})).toBe(wish)
    expect(changedPreference(wish, { wants: 'mine' })).toBe(wish)
    expect(changedPreference(wish, { mute: { loop_id: LOOP, name: 'By another name' } })).toBe(wish)
    expect(changedPreference(wish, { unmute: OTHER })).toBe(wish)
  })
  it('mutes_and_unmutes_one_loop_and_keeps_the_rest', () => {
    const one = changedPreference(EVERYTHING, { mute: { loop_id: LOOP, name: 'Checkout' } })
    expect(one).toEqual({ wants: 'all', muted: [{ loop_id: LOOP, name: 'Checkout' }] })
    const two = changedPreference(one, { wants: 'none', mute: { loop_id: OTHER, name: 'Search' } })
    expect(changedPreference(two, { unmute: LOOP })).toEqual({
      wants: 'none',
      muted: [{ loop_id: OTHER, name: 'Search' }],
    })
  })
  it('limit_exceeded_past_the_last_loop', () => {
    const ids = Array.from({ length: MUTED_LOOPS }, (_, n) => exampleId(n))
    const full = { wants: 'all', muted: muted(...ids) } as const
    expect(() => changedPreference(full, { mute: { loop_id: exampleId(999), name: 'One more' } })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    )
  })
})
