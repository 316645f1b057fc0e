// Derives the secret of each service from LOOPS_SECRET.
// A service secret holds the keys for the service's own purposes, and those that it shares with the services that it calls
// or that call it. It is a file of its own so that tests can import it without running `npm run keys`.
import { CONTRACTS } from '../shared/contracts/index.ts'
import { serviceSecret } from '../shared/process/service-keys.ts'

/** The secrets of all services, by name. */
export const serviceSecrets = (secret: string): Readonly<Record<string, string>> => {
  const services = CONTRACTS.map(({ name }) => name)
  return Object.fromEntries(
    CONTRACTS.map(({ name, purposes = [] }) => [name, serviceSecret(secret, name, purposes, services)]),
  )
}
