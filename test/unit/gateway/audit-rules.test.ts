// The chain of the audit log: whatever is changed, removed, added or put elsewhere in it is found.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  AUDIT_ACTIONS,
  type AuditRecord,
  boundedTarget,
  CHAIN_START,
  type ChainEntry,
  chained,
  faultAtEnd,
  hashOf,
  verifyChain,
} from '../../../services/gateway/audit/audit-rules.ts'

const WS = '01J8ZQ4ZD3M2K5N6P7R8S9T0V1'
const OTHER = '01J8ZQ4ZD3M2K5N6P7R8S9T0V2'

const record = fc.record({
  id: fc.stringMatching(/^[0-9A-HJKMNP-TV-Z]{26}$/),
  at: fc
    .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
    .map((at) => at.toISOString()),
  action: fc.constantFrom(...AUDIT_ACTIONS),
  outcome: fc.constantFrom('done', 'refused', 'interrupted'),
  by: fc.record({
    user_id: fc.option(fc.string()),
    name: fc.string({ unit: 'grapheme' }),
    via: fc.constantFrom('web', 'admin'),
  }),
  address: fc.option(fc.ipV4()),
  target: fc.dictionary(fc.string(), fc.string({ unit: 'binary' })),
}) as fc.Arbitrary<AuditRecord>

const chainOf = (ws: string, records: readonly AuditRecord[]): ChainEntry[] => {
  const entries: ChainEntry[] = []
  for (const one of records) entries.push(chained(ws, entries.at(-1) ?? CHAIN_START, one))
  return entries
}
const chain = fc.array(record, { minLength: 2, maxLength: 12 }).map((records) => chainOf(WS, records))
/** A chain, and a place in it that is not the last. */
const chainAndPlace = chain.chain((entries) =>
  fc.tuple(fc.constant(entries), fc.nat({ max: entries.length - 2 })),
)
const fault = (entries: readonly ChainEntry[], start = CHAIN_START) => verifyChain(WS, start, entries).fault

describe('the chain', () => {
  test('is_whole_as_it_was_written_and_after_old_entries_are_gone', () => {
    fc.assert(
      fc.property(chainAndPlace, ([entries, gone]) => {
        expect(fault(entries)).toBeUndefined()
        const { seq, hash } = entries[gone] as ChainEntry
        expect(fault(entries.slice(gone + 1), { seq, hash })).toBeUndefined()
        expect(verifyChain(WS, CHAIN_START, entries).end.seq).toBe(entries.length)
      }),
    )
  })

  test('shows_every_changed_member', () => {
    const changes: readonly ((entry: ChainEntry) => ChainEntry)[] = [
      (entry) => ({ ...entry, id: `${entry.id}X` }),
      (entry) => ({ ...entry, at: '1999-01-01T00:00:00.000Z' }),
      (entry) => ({ ...entry, action: entry.action === 'token.made' ? 'token.revoked' : 'token.made' }),
      (entry) => ({ ...entry, outcome: entry.outcome === 'done' ? 'refused' : 'done' }),
      (entry) => ({ ...entry, reason: `${entry.reason ?? ''}x` }),
      (entry) => ({ ...entry, by: { ...entry.by, name: `${entry.by.name}x` } }),
      (entry) => ({ ...entry, by: { ...entry.by, user_id: `${entry.by.user_id}x` } }),
      (entry) => ({ ...entry, address: `${entry.address}1` }),
      (entry) => ({ ...entry, target: { ...entry.target, more: 'x' } }),
      (entry) => ({ ...entry, prev_hash: 'f'.repeat(64) }),
      (entry) => ({ ...entry, hash: 'f'.repeat(64) }),
    ]
    fc.assert(
      fc.property(chainAndPlace, fc.constantFrom(...changes), ([entries, n], change) => {
        const changed = entries.with(n, change(entries[n] as ChainEntry))
        expect(fault(changed)).toMatchObject({ seq: n + 1 })
      }),
    )
  })

  test('shows_a_change_whose_hash_was_made_anew_at_the_next_entry', () => {
    fc.assert(
      fc.property(chainAndPlace, ([entries, n]) => {
        const { hash: _, ...entry } = entries[n] as ChainEntry
        const changed = { ...entry, by: { ...entry.by, name: `${entry.by.name}x` } }
        const forged = entries.with(n, { ...changed, hash: hashOf(changed) })
        expect(fault(forged)).toEqual({ seq: n + 2, what: 'not_linked' })
      }),
    )
  })

  test('shows_what_was_removed_doubled_or_put_elsewhere', () => {
    fc.assert(
      fc.property(chainAndPlace, ([entries, n]) => {
        const [one, next] = [entries[n] as ChainEntry, entries[n + 1] as ChainEntry]
        expect(fault(entries.toSpliced(n, 1))).toBeDefined()
        expect(fault(entries.toSpliced(n, 0, one))).toBeDefined()
        expect(fault(entries.with(n, next).with(n + 1, one))).toBeDefined()
        const renumbered = entries.toSpliced(n, 1).map((entry, index) => ({ ...entry, seq: index + 1 }))
        expect(fault(renumbered)).toBeDefined()
      }),
    )
  })

  test('shows_what_was_put_in_between', () => {
    fc.assert(
      fc.property(chainAndPlace, record, ([entries, n], added) => {
        const before = entries[n - 1] ?? CHAIN_START
        const later = entries.slice(n).map((entry) => ({ ...entry, seq: entry.seq + 1 }))
        expect(fault([...entries.slice(0, n), chained(WS, before, added), ...later])).toBeDefined()
      }),
    )
  })

  test('shows_an_entry_of_another_chain', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 4 }), (records) => {
        expect(fault(chainOf(OTHER, records))).toEqual({ seq: 1, what: 'foreign' })
      }),
    )
  })

  test('shows_a_missing_end_and_a_chain_made_anew_to_whoever_knows_its_newest_place', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 3, maxLength: 6 }), (records) => {
        const entries = chainOf(WS, records)
        const known = [entries.at(-1) as ChainEntry]
        const anew = chainOf(
          WS,
          records.map((one) => ({ ...one, by: { ...one.by, name: 'nobody at all' } })),
        )
        expect(verifyChain(WS, CHAIN_START, entries, known)).toEqual({
          end: { seq: entries.length, hash: known[0]?.hash },
        })
        expect(verifyChain(WS, CHAIN_START, anew, known).fault).toEqual({
          seq: entries.length,
          what: 'changed',
        })
        const { end, fault: none } = verifyChain(WS, CHAIN_START, entries.slice(0, -1), known)
        expect(none).toBeUndefined()
        expect(faultAtEnd(end, known)).toEqual({ seq: entries.length, what: 'missing' })
        expect(faultAtEnd(known[0] as ChainEntry, known)).toBeUndefined()
      }),
    )
  })
})

test('the_hash_is_what_the_documentation_says', () => {
  // Python: sha256(json.dumps(entry, sort_keys=True, separators=(',', ':'), ensure_ascii=False)).
  const entry = chained(WS, CHAIN_START, {
    id: OTHER,
    at: '2026-01-02T03:04:05.000Z',
    action: 'token.made',
    outcome: 'done',
    by: { user_id: null, name: 'Zoë "Z" Ω', via: 'web' },
    address: null,
    target: { b: '2', a: '1' },
  })
  expect(entry.hash).toBe('d36450114ec49a44d6086160ca3dadd737ae33c2b691fb54bef05870192910cf')
})

test('targets_are_bounded', () => {
  const long = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`k${n}`, 'ä'.repeat(300)]))
  const bounded = boundedTarget(long)
  expect(Object.keys(bounded)).toHaveLength(20)
  expect(bounded.k0).toBe('ä'.repeat(200))
})

test('actions_are_a_noun_and_a_verb', () => {
  for (const action of AUDIT_ACTIONS) expect(action).toMatch(/^[a-z_]+\.[a-z_]+$/)
  expect(new Set(AUDIT_ACTIONS).size).toBe(AUDIT_ACTIONS.length)
})
