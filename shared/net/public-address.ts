// Which addresses are out in the internet: a request that a stranger can cause must reach no others. Knows no request.
import { BlockList, isIP, isIPv4 } from 'node:net'

/** What is not in the internet (IANA's special-purpose registries, RFC 6890), as address and prefix length. */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
] as const
/** Of IPv6 only global unicast is public, less what stands for something else in it: tunnels, tests, documentation. */
const GLOBAL_UNICAST = '2000::/3'
const NOT_PUBLIC_IN_IT = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'] as const

const listOf = (subnets: readonly string[], family: 'ipv4' | 'ipv6'): BlockList => {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [address = '', prefix] = subnet.split('/')
    list.addSubnet(address, Number(prefix), family)
  }
  return list
}

const v4 = listOf(NOT_PUBLIC, 'ipv4')
const v6 = listOf([GLOBAL_UNICAST], 'ipv6')
const v6Special = listOf(NOT_PUBLIC_IN_IT, 'ipv6')

/** Whether an IP address, as a resolver gives it, is out in the internet. */
export const isPublicAddress = (address: string): boolean =>
  isIPv4(address)
    ? !v4.check(address, 'ipv4')
    : v6.check(address, 'ipv6') && !v6Special.check(address, 'ipv6')

const loopback = listOf(['127.0.0.0/8'], 'ipv4')

/** Whether an IP address is this machine's own. */
export const isLoopbackAddress = (address: string): boolean =>
  isIPv4(address) ? loopback.check(address, 'ipv4') : address === '::1'

/** The addresses that a URL may lead to: without TLS where `loopback` is so, this machine; else the internet. */
export const allowedFor = ({ protocol }: URL, loopback: boolean): ((address: string) => boolean) =>
  loopback && protocol === 'http:' ? isLoopbackAddress : isPublicAddress

/** The address that a URL names by itself. Whatever way it was written, parsing has made it the usual one. */
export const literalOf = ({ hostname }: URL): string | undefined => {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(bare) === 0 ? undefined : bare
}
