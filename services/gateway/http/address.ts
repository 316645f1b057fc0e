// Which address a request counts for. Anybody can write forwarding headers, so only what known proxies added is believed;
// and one customer must not be many addresses.
import { isIPv4, isIPv6 } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** What all requests count for whose address is not known: they share the limits of one address. */
export const UNKNOWN_ADDRESS = 'unknown'

/** Makes the function that tells what a request counts for; see addressKey. */
export type ClientAddressOf = (c: Context) => string

/** An address as proxies write it: some add a port, and with one IPv6 stands in brackets (RFC 3986 §3.2.2). */
const withoutPort = (text: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text

/** The eight groups of an IPv6 address; the URL parser makes one spelling of all. */
const groupsOf = (address: string): readonly string[] => {
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, '')}]`)
  const [before = [], after = []] = hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''))
  return [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after]
}

/** The IPv4 address inside an IPv4-mapped one (RFC 4291 §2.5.5.2). */
const mappedIn = (groups: readonly string[]): string | undefined => {
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return groups.slice(0, 6).join(':') === '0:0:0:0:0:ffff'
    ? [high >> 8, high & 255, low >> 8, low & 255].join('.')
    : undefined
}

/**
 * What limits by address count by: an IPv4 address, or the /64 of an IPv6 one, since that is the least that one customer
 * is given (RFC 6177). Ports, zones and spellings make no difference.
 * @returns UNKNOWN_ADDRESS for what is no address.
 */
export const addressKey = (text: string | undefined): string => {
  const address = withoutPort((text ?? '').trim())
  if (isIPv4(address)) return address
  if (!isIPv6(address)) return UNKNOWN_ADDRESS
  const groups = groupsOf(address)
  return mappedIn(groups) ?? `${groups.slice(0, 4).join(':')}::/64`
}

/** The network of an address key: what one party often has many addresses of, a /24 of IPv4 or a /48 of IPv6. */
export const networkOf = (key: string): string => {
  if (isIPv4(key)) return `${key.split('.').slice(0, 3).join('.')}.0/24`
  return key === UNKNOWN_ADDRESS ? key : `${key.split(':').slice(0, 3).join(':')}::/48`
}

/** Whom a request counts for in limits that many share: its address and that one's network. */
export const partiesOf = (key: string): readonly string[] => [key, networkOf(key)]

const socketOf = (c: Context): string | undefined => {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}

/**
 * Makes the function that tells a request's address: the other end of the socket, or, behind proxies, the address that
 * the outermost of them saw. Each proxy adds what it saw at the end of X-Forwarded-For, so that is the entry that many
 * from the end; what the client wrote itself stands before it and is not looked at, nor is Forwarded.
 * @param trusted_proxies how many proxies every request passes. Past fewer than that the address is unknown.
 */
export const clientAddress =
  (trusted_proxies: number): ClientAddressOf =>
  (c) =>
    addressKey(
      trusted_proxies > 0 ? c.req.header('x-forwarded-for')?.split(',').at(-trusted_proxies) : socketOf(c),
    )
