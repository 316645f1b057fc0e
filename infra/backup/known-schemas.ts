// The shapes of documents that this release knows, by service and collection. A file of its own, since it asks the
// services, which a backup otherwise knows by their names alone.
import { existsSync } from 'node:fs'
import { CONTRACTS } from '../../shared/contracts/index.ts'

/** What `services/<name>/schemas.ts` exports, where a service has collections that are past their first shape. */
type Schemas = Readonly<{ SCHEMAS: Readonly<Record<string, number>> }>

/** The numbers of the present shapes that are not the first, of each service. */
export const knownSchemas = async (): Promise<Record<string, Readonly<Record<string, number>>>> => {
  const known: Record<string, Readonly<Record<string, number>>> = {}
  for (const { name } of CONTRACTS) {
    const file = new URL(`../../services/${name}/schemas.ts`, import.meta.url)
    known[name] = existsSync(file) ? ((await import(file.href)) as Schemas).SCHEMAS : {}
  }
  return known
}

/** The names of the services whose databases are backed up. */
export const servicesWithData = (): readonly string[] => CONTRACTS.map(({ name }) => name)
