// Which address a request counts for when its headers claim one.
import { Hono } from 'hono'
import { describe, expect, test } from 'vitest'
import {
  addressKey,
  clientAddress,
  networkOf,
  UNKNOWN_ADDRESS,
} from '../../../services/gateway/http/address.ts'

const addressBehind = async (trusted_proxies: number, forwarded?: string): Promise<string> => {
  const app = new Hono().get('/', (c) => c.text(clientAddress(trusted_proxies)(c)))
  return (
    await app.request('/', { headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } })
  ).text()
}

test('a_forwarding_header_is_ignored_when_no_proxy_is_trusted', async () => {
  expect(await addressBehind(0, '203.0.113.9')).toBe('unknown')
})

test('the_outermost_trusted_proxy_tells_the_address', async () => {
  expect(await addressBehind(1, '203.0.113.9')).toBe('203.0.113.9')
  expect(await addressBehind(2, '203.0.113.9, 10.0.0.2')).toBe('203.0.113.9')
})

test('what_the_client_wrote_itself_is_not_believed', async () => {
  expect(await addressBehind(1, '198.51.100.1, 203.0.113.9')).toBe('203.0.113.9')
  expect(await addressBehind(2, '198.51.100.1, 203.0.113.9, 10.0.0.2')).toBe('203.0.113.9')
})

test('a_port_or_another_spelling_makes_no_other_address', async () => {
  for (const written of [
    '203.0.113.9:5',
    '203.0.113.9:65535',
    ' 203.0.113.9 ',
    '::ffff:203.0.113.9',
    '[::ffff:cb00:7109]:1',
  ])
    expect(await addressBehind(1, written)).toBe('203.0.113.9')
})

test('unknown_past_fewer_proxies_than_promised', async () => {
  expect(await addressBehind(2, '203.0.113.9')).toBe('unknown')
  expect(await addressBehind(1)).toBe('unknown')
})

describe('limits by address count', () => {
  test.each([
    '2001:db8:1:2::1',
    '2001:db8:1:2:ffff:ffff:ffff:ffff',
    '2001:0DB8:0001:0002::',
    '[2001:db8:1:2::1]:443',
    '2001:db8:1:2::1%eth0',
    '2001:db8:1:2:0:0:192.0.2.1',
  ])('one_customer_of_IPv6_once: %s', (address) => {
    expect(addressKey(address)).toBe('2001:db8:1:2::/64')
  })
  test.each([undefined, '', 'unknown', '_hidden', 'evil', '1.2.3', '999.1.1.1', '[]', '::1::', '1.2.3.4:x'])(
    'what_is_no_address_as_one_that_is_unknown: %s',
    (text) => {
      expect(addressKey(text)).toBe(UNKNOWN_ADDRESS)
    },
  )
  test('networks_of_them', () => {
    expect(networkOf(addressKey('203.0.113.9'))).toBe('203.0.113.0/24')
    expect(networkOf(addressKey('2001:db8:1:2::1'))).toBe('2001:db8:1::/48')
    expect(networkOf(addressKey('::1'))).toBe('::/48')
    expect(networkOf(UNKNOWN_ADDRESS)).toBe(UNKNOWN_ADDRESS)
  })
})
