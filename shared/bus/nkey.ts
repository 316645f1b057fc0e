// Keys with which programs of other teams sign in to NATS. Here because only this room knows the NATS client.
import { nkeys } from '@nats-io/nats-core'

/** Makes the key of a new user; `seed` is its secret half: https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/nkey_auth */
export const newUserKey = (): Readonly<{ key: string; seed: string }> => {
  const pair = nkeys.createUser()
  return { key: pair.getPublicKey(), seed: new TextDecoder().decode(pair.getSeed()) }
}
