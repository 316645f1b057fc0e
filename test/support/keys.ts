// The secret of the systems that tests start, and keys with which a test sends requests as a service.
import type { Bus } from '../../shared/bus/connect.ts'
import { signer } from '../../shared/bus/signature.ts'
import { askersOf, type Contract } from '../../shared/contracts/define/contract.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { type ServiceKeys, serviceKeys } from '../../shared/process/service-keys.ts'

export const TEST_SECRET = 'a secret of the tests that is long enough for all'

/** The keys of a service of a system of the tests. */
export const keysOf = (service: string, secret = TEST_SECRET): ServiceKeys =>
  serviceKeys(service, { service_secrets: [], secrets: [secret] })

const known = new WeakMap<Bus, Map<string, Bus>>()

/** The same connection, asking as a service. */
export const asService = (bus: Bus, service: string): Bus => {
  const others = known.get(bus) ?? new Map<string, Bus>()
  known.set(bus, others)
  const keys = keysOf(service)
  const found = others.get(service) ?? { ...bus, keys, sign: signer(keys, systemClock, systemIds().next()) }
  others.set(service, found)
  return found
}

/** The same connection, asking as a service that may ask this operation. */
export const asAskerOf = (bus: Bus, contract: Contract, operation: string): Bus => {
  const declared = contract.operations[operation]
  const [asker] = declared ? askersOf(declared) : []
  if (asker === undefined) throw new Error(`nobody may ask ${contract.name} for ${operation}`)
  return asService(bus, asker)
}
