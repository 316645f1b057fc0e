// Mail addresses: what counts as one, and our own. Pure. Nothing here is ever handed on as a string to be parsed again:
// one such string can hold several recipients.

/** A person's or our own name and address, kept apart. */
export type Mailbox = Readonly<{ name: string; address: string }>

// As HTML's <input type=email> has it (https://html.spec.whatwg.org/#valid-e-mail-address), with the lengths of RFC 5321.
const ADDRESS =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/

/** Whether a text is one address and nothing else. A domain in other letters stands in its ASCII form. */
export const isAddress = (text: string): boolean => text.length <= 254 && ADDRESS.test(text)

/** An address as it stands in an envelope, its domain in ASCII form; undefined when the text is none. */
export const toAddress = (text: string): string | undefined => {
  if (isAddress(text)) return text
  const [, local, domain] = /^([^@]+)@([\p{L}\p{N}\p{M}.-]+)$/u.exec(text) ?? []
  if (domain === undefined || !URL.canParse(`http://${domain}`)) return undefined
  const address = `${local}@${new URL(`http://${domain}`).hostname}`
  return isAddress(address) ? address : undefined
}

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
