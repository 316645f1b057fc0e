// Which addresses are on the internet: a request that a stranger can cause must reach no others. Knows no request.
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The IPv6 addresses that are assigned today (RFC 4291 §2.4). ipaddr.js calls all that is not reserved unicast, also what
 * nobody has assigned yet.
 */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')

/** The block that an address belongs to, by IANA's special-purpose registries (RFC 6890); undefined for what is no address. */
const rangeOf = (address: string): string | undefined =>
  isIP(address) === 0 ? undefined : ipaddr.parse(address).range()

/** Whether a text is an IP address out on the internet: unicast and assigned, and in no special-purpose block. */
export const isPublicAddress = (address: string): boolean =>
  rangeOf(address) === 'unicast' && (isIP(address) === 4 || ipaddr.parse(address).match(GLOBAL_UNICAST))

/** Whether a text is an IP address of this machine itself. */
export const isLoopbackAddress = (address: string): boolean => rangeOf(address) === 'loopback'

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
