// Whose address counts when headers claim one.
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { clientAddress } from '../../../services/gateway/http/address.ts'

const seenBy = async (trusted_proxies: number, forwarded?: string): Promise<string> => {
  const app = new Hono().get('/', (c) => c.text(clientAddress(trusted_proxies)(c) ?? 'unknown'))
  return (
    await app.request('/', { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } })
  ).text()
}

test('a_forwarding_header_is_ignored_when_no_proxy_is_trusted', async () => {
  expect(await seenBy(0, '203.0.113.9')).toBe('unknown')
})

test('the_outermost_trusted_proxy_tells_the_address', async () => {
  expect(await seenBy(1, '203.0.113.9')).toBe('203.0.113.9')
  expect(await seenBy(2, '203.0.113.9, 10.0.0.2')).toBe('203.0.113.9')
})

test('what_the_client_wrote_itself_is_not_believed', async () => {
  expect(await seenBy(1, '198.51.100.1, 203.0.113.9')).toBe('203.0.113.9')
  expect(await seenBy(2, '198.51.100.1, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9')
})

test('unknown_past_fewer_proxies_than_promised', async () => {
  expect(await seenBy(2, '203.0.113.9')).toBe('unknown')
  expect(await seenBy(1)).toBe('unknown')
})
