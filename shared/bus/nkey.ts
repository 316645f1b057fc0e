// Keys by which programs outside Loops sign in to NATS: the server knows only the public half.
import { nkeys } from '@nats-io/nats-core'

/** A new user's key: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth */
export const newUserKey = (): Readonly<{ key: string; seed: string }> => {
  const pair = nkeys.createUser()
  return { key: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) }
}
