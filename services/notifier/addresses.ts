// Names with their addresses, and the name that a mail server is greeted with. Pure. Name and address stay apart, because a
// string that is parsed again could hold several recipients.
import { toAddress } from '../../shared/net/email-address.ts'

/** A name and its address. */
export type Mailbox = Readonly<{ name: string; address: string }>

/**
 * The sender of the configuration, given as `Name <address>` or as an address.
 * @throws when the address is not valid.
 */
export const parseSender = (text: string): Mailbox => {
  const [, name = '', angled] = /^([^<]*)<([^>]*)>$/.exec(text) ?? []
  const address = toAddress((angled ?? text).trim())
  if (address === undefined) throw new Error('MAIL_FROM has no valid address.')
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
}

/** The part after the `@`, which message ids end with. */
export const domainOf = ({ address }: Mailbox): string => address.slice(address.lastIndexOf('@') + 1)

/**
 * The name to greet a mail server with (RFC 5321 §4.1.1.1): the `?name=` of SMTP_URL, else the host of PUBLIC_URL. Large relays
 * refuse a name without a dot, such as that of a container.
 * @returns undefined where neither has a full name; then the transport takes the machine's.
 */
export const greetingName = (smtp_url: string, public_url: string): string | undefined => {
  const given = URL.canParse(smtp_url) ? new URL(smtp_url).searchParams.get('name') : null
  if (given) return given
  const { hostname } = new URL(public_url)
  if (hostname.startsWith('[')) return `[IPv6:${hostname.slice(1, -1)}]`
  if (/^\d+(\.\d+){3}$/.test(hostname)) return `[${hostname}]`
  return hostname.includes('.') ? hostname : undefined
}
