// What each service's secret lets whoever takes it compute: what that service needs, and nothing of another.
import { expect, test } from 'vitest'
import { serviceSecrets } from '../../infra/service-secrets.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { deriveKey } from '../../shared/process/service-keys.ts'

const SECRET = 'a secret of the tests that is long enough'
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')
const SECRETS = serviceSecrets(SECRET)
/** All keys in the secret of a service. */
const heldBy = (service: string): readonly string[] =>
  Object.values(JSON.parse(Buffer.from(SECRETS[service] ?? '', 'base64url').toString()).keys)

test.each(CONTRACTS.map(({ name }) => name))('the_purposes_of_%s_are_its_own', (name) => {
  for (const { name: owner, purposes = [] } of CONTRACTS)
    for (const purpose of purposes)
      expect(heldBy(name).includes(base64(deriveKey(SECRET, purpose)))).toBe(owner === name)
})

test('a_key_is_held_by_two_services_at_most', () => {
  const all = CONTRACTS.flatMap(({ name }) => [...new Set(heldBy(name))])
  for (const key of new Set(all)) expect(all.filter((one) => one === key).length).toBeLessThanOrEqual(2)
})

test('nobody_holds_the_secret_that_they_are_made_from', () => {
  for (const text of Object.values(SECRETS)) {
    expect(Buffer.from(text, 'base64url').toString()).not.toContain(SECRET)
    expect(text).toMatch(/^[\w-]+$/)
  }
})
