// `npm run keys`: shows and rotates the signing keys, and shows the secrets derived from LOOPS_SECRET.
import { openFactorStores } from '../services/gateway/accounts/factor-store.ts'
import { countFactorsUnderOld } from '../services/gateway/accounts/factors.ts'
import { introspectionToken } from '../services/gateway/oauth/introspect.ts'
import type { KeyUse } from '../services/gateway/oauth/key-schedule.ts'
import { type Keys, openKeys, sealingOf } from '../services/gateway/oauth/keys.ts'
import { openOAuthStores } from '../services/gateway/oauth/oauth-store.ts'
import { deriveSecrets } from '../services/gateway/secrets.ts'
import { AppError } from '../shared/contracts/define/errors.ts'
import { gateway } from '../shared/contracts/gateway/contract.ts'
import { CONTRACTS } from '../shared/contracts/index.ts'
import { systemClock } from '../shared/process/clock.ts'
import { processEnv } from '../shared/process/config.ts'
import { createLog } from '../shared/process/log.ts'
import { type ServiceKeys, serviceKeys } from '../shared/process/service-keys.ts'
import { connectMongo, type Mongo } from '../shared/storage/mongo.ts'
import { recordedCommand } from './admin/recording.ts'
import { runCommand, runningConfig } from './running.ts'
import { serviceSecrets } from './service-secrets.ts'

const USAGE = `npm run keys -- list             lists the signing keys and what each is used for
npm run keys -- rotate           makes the next signing key; it is announced first, then used
npm run keys -- drop KID         removes a key at once: what it signed is refused, and clients refresh
npm run keys -- introspection    shows the token with which services call /introspect
npm run keys -- service-secrets  shows the secret of each service, as lines for infra/.env
npm run keys -- rotate-secret    says whether LOOPS_SECRET_OLD can be removed`

const DAY_MS = 24 * 60 * 60_000
const NEEDS = ['MONGODB_URL', 'LOOPS_SECRET'] as const

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const minute = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const inWords = (key: KeyUse): string => {
  if (key.use === 'announced') return `signs from ${minute(key.signs_from)}`
  return key.use === 'signs' ? 'signs' : `verifies until ${minute(key.until)}`
}

const list = (keys: Keys): void => {
  for (const one of keys.uses()) say(`${one.key.kid}  made ${minute(one.key.created_at)}  ${inWords(one)}`)
}

/** The newest of the keys. */
const newestOf = (keys: Keys): string => keys.uses()[0]?.key.kid ?? ''

const rotate = ({ keys, mongo }: Opened): Promise<void> =>
  recordedCommand(
    mongo,
    'keys rotate',
    {},
    async () => {
      const made = await keys.rotate()
      say(
        made
          ? 'Made a new key. Nothing needs a restart:'
          : 'The newest key is only minutes old, and another would not sign earlier:',
      )
      list(keys)
    },
    () => ({ kid: newestOf(keys) }),
  )

/** Drops a key. @returns the exit code */
const drop = async ({ keys, mongo }: Opened, kid: string): Promise<number> => {
  try {
    await recordedCommand(mongo, 'keys drop', { kid }, async () => {
      if (!(await keys.drop(kid)))
        throw new AppError('not_found', `There is no key ${kid}: npm run keys -- list shows which there are.`)
    })
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'not_found')) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
  say(`Dropped ${kid}. Within two seconds every gateway refuses what it signed; clients get new tokens.`)
  list(keys)
  return 0
}

type Opened = Readonly<{ keys: Keys; mongo: Mongo }>

/** Work on the keys of the installation that runs. */
const withKeys = async <T>(work: (opened: Opened) => T | Promise<T>): Promise<T> => {
  const {
    LOG,
    MONGODB_URL = '',
    LOOPS_SECRET = '',
    LOOPS_SECRET_OLD,
  } = runningConfig({ LOG: 'warn', ...processEnv() }, NEEDS)
  const old = LOOPS_SECRET_OLD === undefined ? [] : [LOOPS_SECRET_OLD]
  await using mongo = await connectMongo(MONGODB_URL, createLog({ filter: LOG, topic: 'keys' }))
  const { keys: store } = await openOAuthStores(mongo.database(gateway.name))
  const secrets = deriveSecrets(LOOPS_SECRET, ...old).signing_keys
  const keys = await openKeys({ store, secrets, clock: systemClock })
  // Awaited here, since the connection ends with this function.
  return await work({ keys, mongo })
}

/** What a service exports that seals secrets in its database. */
type Resealing = Readonly<{
  countUnderOld: (db: ReturnType<Mongo['database']>, keys: ServiceKeys) => Promise<number>
}>

const linesOf = (secret: string, suffix: string): readonly string[] =>
  Object.entries(serviceSecrets(secret)).map(
    ([service, text]) => `${service.replaceAll('-', '_').toUpperCase()}_SECRET${suffix}=${text}`,
  )

/** Prints the secret of each service, and while LOOPS_SECRET is replaced, also its old one. */
const showServiceSecrets = (): void => {
  const { LOOPS_SECRET, LOOPS_SECRET_OLD } = runningConfig(processEnv(), ['LOOPS_SECRET'])
  for (const line of [
    ...linesOf(LOOPS_SECRET ?? '', ''),
    ...(LOOPS_SECRET_OLD === undefined ? [] : linesOf(LOOPS_SECRET_OLD, '_OLD')),
  ])
    say(line)
}

/** Says whether the old secret can be removed, and if not, what still needs it. @returns the exit code */
const rotateSecret = async (): Promise<number> => {
  const config = runningConfig({ LOG: 'warn', ...processEnv() }, NEEDS)
  const { LOOPS_SECRET = '', LOOPS_SECRET_OLD } = config
  if (LOOPS_SECRET_OLD === undefined) {
    say(
      'LOOPS_SECRET is not being replaced. To replace it: set a new one as LOOPS_SECRET and the current one as LOOPS_SECRET_OLD, restart Loops with both, then run this again.',
    )
    return 0
  }
  const all = { service_secrets: [], secrets: [LOOPS_SECRET, LOOPS_SECRET_OLD] }
  await using mongo = await connectMongo(
    config.MONGODB_URL ?? '',
    createLog({ filter: config.LOG, topic: 'keys' }),
  )
  const { keys: store } = await openOAuthStores(mongo.database(gateway.name))
  const signing = await sealingOf(store, deriveSecrets(...all.secrets).signing_keys)
  const { factors } = await openFactorStores(mongo.database(gateway.name))
  const factorKeys = deriveSecrets(...all.secrets).second_factors
  let under_old = signing.under_old + (await countFactorsUnderOld(factors, factorKeys))
  for (const { name, purposes = [] } of CONTRACTS) {
    if (name === gateway.name || !purposes.some(({ seals }) => seals)) continue
    const { countUnderOld } = (await import(`../services/${name}/reseal.ts`)) as Resealing
    under_old += await countUnderOld(mongo.database(name), serviceKeys(name, all))
  }
  if (under_old > 0) {
    say(
      `LOOPS_SECRET_OLD is still needed: ${under_old} secrets in the database are sealed under it. While Loops runs with both, it reseals them by itself.`,
    )
    return 1
  }
  const until = signing.since && new Date(signing.since.getTime() + config.REFRESH_TOKEN_DAYS * DAY_MS)
  if (until && until > systemClock.now()) {
    say(
      `Everything is sealed under LOOPS_SECRET. Keep LOOPS_SECRET_OLD until ${minute(until)}: older connections and unsubscribe links still need it.`,
    )
    return 1
  }
  say('LOOPS_SECRET_OLD can go: remove it and restart Loops.')
  return 0
}

await runCommand(async () => {
  switch (process.argv[2]) {
    case 'list':
      await withKeys(({ keys }) => list(keys))
      return 0
    case 'rotate':
      await withKeys(rotate)
      return 0
    case 'drop': {
      const [kid] = process.argv.slice(3)
      if (kid !== undefined) return withKeys((opened) => drop(opened, kid))
      say(USAGE)
      return 2
    }
    case 'introspection':
      say(introspectionToken(deriveSecrets(runningConfig(processEnv(), ['LOOPS_SECRET']).LOOPS_SECRET ?? '')))
      return 0
    case 'service-secrets':
      showServiceSecrets()
      return 0
    case 'rotate-secret':
      return rotateSecret()
    default:
      say(USAGE)
      return 2
  }
})
