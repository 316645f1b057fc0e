// What counts as a mail address: one rule for the pages that take addresses and for the sender. Pure.

// As HTML's <input type=email> has it (https://html.spec.whatwg.org/#valid-e-mail-address), with the lengths of RFC 5321.
const ADDRESS =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/

/** Whether a text is exactly one address. An internationalized domain must be in its ASCII form. */
export const isAddress = (text: string): boolean => text.length <= 254 && ADDRESS.test(text)

/**
 * The address for an SMTP envelope, with its domain in ASCII form; undefined when the text is not an address. One with other
 * than ASCII letters before the `@` is refused, since every server on its way would need SMTPUTF8 (RFC 6531).
 */
export const toAddress = (text: string): string | undefined => {
  if (isAddress(text)) return text
  const [, local, domain] = /^([^@]+)@([\p{L}\p{N}\p{M}.-]+)$/u.exec(text) ?? []
  if (domain === undefined || !URL.canParse(`http://${domain}`)) return undefined
  const address = `${local}@${new URL(`http://${domain}`).hostname}`
  return isAddress(address) ? address : undefined
}
