// The secrets of webhooks: their form, and the signatures made with them. Each call is signed with its secret, so secrets are
// encrypted (shared/process/sealing.ts), not hashed. Apart, since only it knows how Standard Webhooks signs.
import { Webhook as Signer } from 'standardwebhooks'

export { SEALING } from '../../shared/contracts/webhooks/contract.ts'

/** A secret as Standard Webhooks writes it: `whsec_` and base64, of 256 random bits in base64url. */
export const secretOf = (token: string): string =>
  `whsec_${Buffer.from(token, 'base64url').toString('base64')}`

/** The headers of a call (https://www.standardwebhooks.com), with a signature for each secret. */
export const signedHeaders = (
  id: string,
  body: string,
  secrets: readonly string[],
  now: Date,
): Readonly<Record<string, string>> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(now.getTime() / 1_000)),
  'webhook-signature': secrets.map((secret) => new Signer(secret).sign(id, now, body)).join(' '),
})
