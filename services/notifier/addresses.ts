// Names with addresses, and our own. Pure. Nothing here is ever handed on as a string to be parsed again: one such string
// can hold several recipients.
import { toAddress } from '../../shared/email-address.ts'

/** A person's or our own name and address, kept apart. */
export type Mailbox = Readonly<{ name: string; address: string }>

/**
 * The sender out of `Name <address>` or a bare address, as the configuration allows them.
 * @throws when the address is none.
 */
export const parseSender = (text: string): Mailbox => {
  const [, name = '', angled] = /^([^<]*)<([^>]*)>$/.exec(text) ?? []
  const address = toAddress((angled ?? text).trim())
  if (address === undefined) throw new Error('MAIL_FROM has no valid address.')
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
}

/** The part behind the `@`, which message ids end with. */
export const domainOf = ({ address }: Mailbox): string => address.slice(address.lastIndexOf('@') + 1)
