// The signing keys are made once however many gateways start, stored encrypted, and shared by all.
import { beforeEach, expect, test } from 'vitest'
import { openKeys, sealingOf } from '../../services/gateway/oauth/keys.ts'
import { type KeyStore, openOAuthStores } from '../../services/gateway/oauth/oauth-store.ts'
import { deriveSecrets } from '../../services/gateway/secrets.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { freshStack } from '../support/stack.ts'

const { signing_keys: secrets } = deriveSecrets('a secret that is long enough to be one')

let store: KeyStore
beforeEach(async () => {
  const mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  store = (await openOAuthStores(mongo.database('gateway'))).keys
  return () => mongo[Symbol.asyncDispose]()
})

test('gateways_that_start_at_once_all_use_the_same_key', async () => {
  const opened = await Promise.all(Array.from({ length: 8 }, () => openKeys({ store, secrets, clock })))
  expect(new Set(opened.map((keys) => keys.signer().kid)).size).toBe(1)
  expect(await store.list()).toHaveLength(1)
})

test('keys_are_stored_encrypted', async () => {
  await openKeys({ store, secrets, clock })
  const [kept] = await store.list()
  expect(kept?.private_jwe.split('.')).toHaveLength(5)
  expect(kept?.public_jwk).not.toHaveProperty('d')
})

test('another_secret_is_refused_with_one_sentence', async () => {
  await openKeys({ store, secrets, clock })
  const other = deriveSecrets('another secret that is long enough too').signing_keys
  await expect(openKeys({ store, secrets: other, clock })).rejects.toThrow(
    'LOOPS_SECRET is not the one that this database was set up with',
  )
})

test('a_key_added_in_the_meantime_is_looked_up', async () => {
  let elapsed_ms = 0
  const slow = { ...clock, monotonicMs: () => elapsed_ms }
  const keys = await openKeys({ store, secrets, clock: slow })
  const [first] = await store.list()
  await store.insert({ ...first!, _id: 'the next one', number: 2 })
  expect(await keys.verifier('the next one')).toBeUndefined()
  elapsed_ms = 10_000
  expect(await keys.verifier('the next one')).toBeDefined()
  expect(await keys.verifier('no such key')).toBeUndefined()
})

test('keys_are_encrypted_again_while_the_secret_is_replaced_until_the_old_one_can_go', async () => {
  const [before, after] = ['a secret that is long enough to be one', 'another secret that is long enough too']
  const both = deriveSecrets(after, before).signing_keys
  const { kid } = (await openKeys({ store, secrets, clock })).signer()
  expect(await sealingOf(store, both)).toEqual({ under_old: 1, since: null })
  expect((await openKeys({ store, secrets: both, clock })).signer().kid).toBe(kid)
  expect(await sealingOf(store, both)).toEqual({ under_old: 0, since: expect.any(Date) })
  const alone = await openKeys({ store, secrets: deriveSecrets(after).signing_keys, clock })
  expect(alone.signer().kid).toBe(kid)
})
