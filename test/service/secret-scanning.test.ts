// What secret scanners find about the form of tokens, and that whoever found a token can end it.
import { crc32 } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { serviceAccountOf, tokenIdsOn, tokenOf, tokenOn } from '../support/fleet.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { postForm } from '../support/oauth-client.ts'

let env: GatewayEnvironment
let ann: Account
beforeAll(async () => {
  env = await openGatewayEnvironment()
  ann = await signUp(env, { name: 'Ann', workspace: 'Bakery' })
})
afterAll(() => env?.[Symbol.asyncDispose]())

const found = async () => {
  const response = await fetch(new URL('/.well-known/loops-secret-scanning.json', env.url))
  return (await response.json()) as {
    pattern: string
    checksum: { digits: string }
    revocation: { endpoint: string }
  }
}
const works = async (token: string) => {
  env.advance(2_000)
  return (await env.verify(token)).ok
}

test('the_published_pattern_and_checksum_find_tokens_and_secrets_and_tell_them_from_others', async () => {
  const { pattern, checksum } = await found()
  const { client_secret } = await serviceAccountOf(ann)
  const check = (text: string): string => {
    let rest = crc32(text)
    let digits = ''
    for (let n = 0; n < 6; n += 1) {
      digits = checksum.digits[rest % 62] + digits
      rest = Math.floor(rest / 62)
    }
    return digits
  }
  for (const secret of [await tokenOf(ann), client_secret]) {
    const text = `curl -H "Authorization: Bearer ${secret}" https://loops.example.com`
    expect(text.match(new RegExp(pattern, 'g'))).toEqual([secret])
    expect(check(secret.slice(0, -6))).toBe(secret.slice(-6))
  }
})
test('whoever_presents_a_token_ends_it_and_it_alone', async () => {
  const { revocation } = await found()
  const [leaked, kept] = [await tokenOf(ann, { name: 'leaked' }), await tokenOf(ann, { name: 'kept' })]
  const sent = await postForm(revocation.endpoint, { token: leaked })
  expect(sent.status).toBe(200)
  expect([await works(leaked), await works(kept)]).toEqual([false, true])
  for (const token of [leaked, `${kept.slice(0, -1)}_`, 'loops_pat_'])
    expect((await postForm(revocation.endpoint, { token })).status).toBe(200)
  expect(await works(kept)).toBe(true)
  const log = JSON.stringify(await env.db.collection('audit').find().toArray())
  expect(log).toContain('token.revoked')
  expect(log).not.toContain(leaked)
})
test('of_a_token_that_was_replaced_the_old_text_ends_alone', async () => {
  const before = await tokenOf(ann, { name: 'replaced' })
  const [id] = tokenIdsOn((await ann.browser.open('/account/tokens')).text)
  const after = tokenOn(await ann.browser.submit(`/account/tokens/${id}/rotate`, {}))
  expect(await works(before)).toBe(true)
  await postForm(new URL('/revoke', env.url), { token: before })
  expect([await works(before), await works(after)]).toEqual([false, true])
})
