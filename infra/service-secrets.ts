// The secret of each service, derived from the installation's: what it needs for its own purposes, and the keys that it
// shares with the services that it asks or is asked by. Apart from the command, so that tests have it without running that.
import { CONTRACTS } from '../shared/contracts/index.ts'
import { serviceSecret } from '../shared/process/service-keys.ts'

/** The secrets of all services, by name. */
export const serviceSecrets = (secret: string): Readonly<Record<string, string>> => {
  const services = CONTRACTS.map(({ name }) => name)
  return Object.fromEntries(
    CONTRACTS.map(({ name, purposes = [] }) => [name, serviceSecret(secret, name, purposes, services)]),
  )
}
