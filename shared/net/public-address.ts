// Which addresses are on the internet: a request that a stranger can cause must reach no others. Knows no request.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The IPv6 addresses that are assigned today (RFC 4291 §2.4). ipaddr.js calls all that is not reserved unicast, also what
 * nobody has assigned yet.
 */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Whether an IP address is out on the internet: unicast, and in none of IANA's special-purpose blocks (RFC 6890).
 * @param address as a resolver gives it.
 * @throws Error for what is no address.
 */
export const isPublicAddress = (address: string): boolean => {
  const parsed = ipaddr.parse(address)
  if (parsed.range() !== 'unicast') return false
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST)
}

/** Whether an IP address is this machine's own. */
export const isLoopbackAddress = (address: string): boolean => ipaddr.parse(address).range() === 'loopback'

/**
 * Makes the test of the addresses that a URL may lead to.
 * @param loopback whether http URLs lead to this machine and nowhere else; all others lead to the internet.
 */
export const allowedFor = ({ protocol }: URL, loopback: boolean): ((address: string) => boolean) =>
  loopback && protocol === 'http:' ? isLoopbackAddress : isPublicAddress

/** The IP address that a URL names as its host, in the URL parser's spelling; undefined for a name. */
export const literalOf = ({ hostname }: URL): string | undefined => {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? undefined : bare
}
