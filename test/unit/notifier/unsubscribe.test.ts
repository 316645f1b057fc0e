// Guesses at the links by which people end their mails: without our key nobody makes one, also from one of their own.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  readUnsubscribeToken,
  UNSUBSCRIBE,
  unsubscribeKey,
  unsubscribeKeys,
  unsubscribeToken,
} from '../../../services/notifier/unsubscribe.ts'
import { deriveKey } from '../../../shared/process/service-keys.ts'

const key = unsubscribeKey('a secret of the tests')
const own = { workspace_id: '01JDAAAAAAAAAAAAAAAAAAAAAA', user_id: '01JDBBBBBBBBBBBBBBBBBBBBBB' }
const other = { ...own, user_id: '01JDCCCCCCCCCCCCCCCCCCCCCC' }
const token = unsubscribeToken(key, own)
const read = (given: string) => readUnsubscribeToken([key], given)

test('one_of_ours_is_read', () => {
  expect(read(token)).toEqual(own)
})

test('no_bit_of_one_may_be_another', () => {
  const bytes = Buffer.from(token, 'base64url')
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(7), (at, bit) => {
      const bent = Buffer.from(bytes)
      bent[at] = (bent[at] ?? 0) ^ (1 << bit)
      expect(read(bent.toString('base64url'))).toBeUndefined()
    }),
  )
})

test.each([
  ['the seal of another person’s', () => otherIdsUnder(token)],
  ['the ids in another order', () => unsubscribeToken(key, { workspace_id: own.user_id, user_id: '' })],
  ['one of another key', () => unsubscribeToken(unsubscribeKey('another secret'), own)],
  ['one that is shorter', () => token.slice(0, -1)],
  ['one that is longer', () => `${token}A`],
  ['one with a space', () => ` ${token}`],
  ['one with padding', () => `${token}==`],
  ['chance', () => randomBytes(84).toString('base64url')],
  ['nothing', () => ''],
])('%s_is_none', (_, made) => {
  expect(read(made())).toBeUndefined()
})

/** Another person's ids under the seal of a link. */
const otherIdsUnder = (link: string): string => {
  const ids = Buffer.from(unsubscribeToken(key, other), 'base64url').subarray(0, 52)
  return Buffer.concat([ids, Buffer.from(link, 'base64url').subarray(52)]).toString('base64url')
}

test('read_under_the_secret_of_before_while_it_is_replaced', () => {
  const [newest, ...others] = unsubscribeKeys([
    deriveKey('another secret', UNSUBSCRIBE),
    deriveKey('a secret of the tests', UNSUBSCRIBE),
  ])
  expect(readUnsubscribeToken([newest, ...others], token)).toEqual(own)
  expect(readUnsubscribeToken([newest], token)).toBeUndefined()
  expect(readUnsubscribeToken([newest], unsubscribeToken(newest, own))).toEqual(own)
})
