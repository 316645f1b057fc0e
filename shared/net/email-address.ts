// What counts as a mail address: one rule for those who take addresses in and those who send to them. Pure.

// As HTML's <input type=email> has it (https://html.spec.whatwg.org/#valid-e-mail-address), with the lengths of RFC 5321.
const ADDRESS =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/

/** Whether a text is one address and nothing else. A domain in other letters stands in its ASCII form. */
export const isAddress = (text: string): boolean => text.length <= 254 && ADDRESS.test(text)

/**
 * An address as it stands in an envelope, its domain in ASCII form; undefined when the text is none. One with other
 * letters before the `@` is none either: mail to it needs SMTPUTF8 (RFC 6531) on every server of its way.
 */
export const toAddress = (text: string): string | undefined => {
  if (isAddress(text)) return text
  const [, local, domain] = /^([^@]+)@([\p{L}\p{N}\p{M}.-]+)$/u.exec(text) ?? []
  if (domain === undefined || !URL.canParse(`http://${domain}`)) return undefined
  const address = `${local}@${new URL(`http://${domain}`).hostname}`
  return isAddress(address) ? address : undefined
}
