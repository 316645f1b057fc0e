// Which address a request counts for. Anybody can write forwarding headers, so only what known proxies added is believed;
// and one customer must not appear as many addresses.
import { isIP } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'
import ipaddr from 'ipaddr.js'

/** Stands for every address that is not known: such requests share the limits of one address. */
export const UNKNOWN_ADDRESS = 'unknown'

/** The address that a request counts for; see addressKey. */
export type ClientAddressOf = (c: Context) => string

/** An address as proxies write it: some add a port, and then IPv6 stands in brackets (RFC 3986 §3.2.2). */
const withoutPort = (text: string): string =>
  /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text

/** The network of so many bits around an address, as `address/bits`. */
const networkAround = (address: string, bits: number): string => {
  const family = isIP(address) === 4 ? ipaddr.IPv4 : ipaddr.IPv6
  return `${family.networkAddressFromCIDR(`${address}/${bits}`)}/${bits}`
}

/**
 * What limits by address count: an IPv4 address, or the /64 of an IPv6 one, since a customer has at least that many
 * (RFC 6177). Ports, zones, spellings and IPv4-mapped forms make no difference.
 * @returns UNKNOWN_ADDRESS for what is no address.
 */
export const addressKey = (text: string | undefined): string => {
  const address = withoutPort((text ?? '').trim()).replace(/%.*$/, '')
  // Stricter than ipaddr.js, which also reads octal and hexadecimal forms.
  if (isIP(address) === 0) return UNKNOWN_ADDRESS
  const parsed = ipaddr.process(address)
  return parsed.kind() === 'ipv4' ? parsed.toString() : networkAround(address, 64)
}

/** The network of an address key, of which one party often has many addresses: a /24 of IPv4 or a /48 of IPv6. */
export const networkOf = (key: string): string => {
  if (key === UNKNOWN_ADDRESS) return key
  return isIP(key) === 4 ? networkAround(key, 24) : networkAround(key.replace('/64', ''), 48)
}

/** Whom a request counts for in limits that everybody shares: its address, and the network of that. */
export const partiesOf = (key: string): readonly string[] => [key, networkOf(key)]

const socketOf = (c: Context): string | undefined => {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}

/**
 * Makes the function that finds a request's address: the other end of the socket, or, behind proxies, the address that the
 * outermost of them saw. Each proxy appends what it saw to X-Forwarded-For, so that is the entry this many from the end.
 * What the client itself wrote stands before it and is ignored, as is Forwarded.
 * @param trusted_proxies how many proxies every request passes. A request that passed fewer has an unknown address.
 */
export const clientAddress =
  (trusted_proxies: number): ClientAddressOf =>
  (c) =>
    addressKey(
      trusted_proxies > 0 ? c.req.header('x-forwarded-for')?.split(',').at(-trusted_proxies) : socketOf(c),
    )
