// By what somebody can sign in: a password, a passkey, an account at a provider. Nobody gives up the last way. Pure.
import { mayUsePassword, type PasswordUse, type Person, type ProviderIdentity } from './person-rules.ts'

/** Whether browsers keep passkeys for the server at this address: not for IP addresses, and only over https or on this machine. */
export const offersPasskeys = (publicUrl: string): boolean => {
  const { protocol, hostname } = new URL(publicUrl)
  if (/^[\d.]+$/.test(hostname) || hostname.startsWith('[')) return false
  return protocol === 'https:' || hostname === 'localhost' || hostname.endsWith('.localhost')
}

/** Whether two spellings name one issuer: some have a slash at the end. */
export const isSameIssuer = (one: string, other: string): boolean =>
  one.replace(/\/$/, '') === other.replace(/\/$/, '')

/** What an installation offers, and whether the person has a passkey that browsers use here. */
export type WaysOffered = Readonly<{
  passwords_for: PasswordUse
  passkey: boolean
  /** The issuers that sign people in here. */
  issuers: readonly string[]
}>

/** Whether somebody can sign in by themselves. */
export const hasWayIn = (
  person: Pick<Person, 'identities' | 'password_hash' | 'memberships'>,
  { passwords_for, passkey, issuers }: WaysOffered,
): boolean => {
  // The sign-in page offers passkeys where it offers passwords.
  if (mayUsePassword(passwords_for, person) && (person.password_hash !== null || passkey)) return true
  return (person.identities ?? []).some(({ iss }) => issuers.some((issuer) => isSameIssuer(issuer, iss)))
}

/** Somebody as they would be without one of their identities. */
export const withoutIdentity = <P extends Pick<Person, 'identities'>>(
  person: P,
  { iss, sub }: Pick<ProviderIdentity, 'iss' | 'sub'>,
): P => ({
  ...person,
  identities: (person.identities ?? []).filter((one) => one.iss !== iss || one.sub !== sub),
})
