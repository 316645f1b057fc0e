// `npm run keys`: the keys that access tokens are signed with, for operators, and the one that services introspect by.
import { introspectionToken } from '../services/gateway/oauth/introspect.ts'
import type { KeyUse } from '../services/gateway/oauth/key-schedule.ts'
import { type Keys, openKeys, sealingOf } from '../services/gateway/oauth/keys.ts'
import { openOAuthStores } from '../services/gateway/oauth/oauth-store.ts'
import { deriveSecrets } from '../services/gateway/secrets.ts'
import { gateway } from '../shared/contracts/gateway/contract.ts'
import { CONTRACTS } from '../shared/contracts/index.ts'
import { systemClock } from '../shared/process/clock.ts'
import { processEnv } from '../shared/process/config.ts'
import { createLog } from '../shared/process/log.ts'
import { type ServiceKeys, serviceKeys } from '../shared/process/service-keys.ts'
import { connectMongo, type Mongo } from '../shared/storage/mongo.ts'
import { runCommand, runningConfig } from './running.ts'
import { serviceSecrets } from './service-secrets.ts'

const USAGE = `npm run keys -- list           shows the signing keys and what each is there for
npm run keys -- rotate         makes the next key now; it is announced first, then signs
npm run keys -- introspection  shows the token by which services ask /introspect
npm run keys -- service-secrets  shows the secret of each service, as lines of infra/.env
npm run keys -- rotate-secret  says whether LOOPS_SECRET_OLD can go`

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

const rotate = async (keys: Keys): Promise<void> => {
  const made = await keys.rotate()
  say(
    made
      ? 'A new key is made. Nothing needs a restart:'
      : 'The newest key is minutes old; another would not sign earlier:',
  )
  list(keys)
}

const withKeys = async (work: (keys: Keys) => void | Promise<void>): Promise<void> => {
  const {
    LOG,
    MONGODB_URL = '',
    LOOPS_SECRET = '',
    LOOPS_SECRET_OLD,
  } = runningConfig({ LOG: 'warn', ...processEnv() }, NEEDS)
  const old = LOOPS_SECRET_OLD === undefined ? [] : [LOOPS_SECRET_OLD]
  await using mongo = await connectMongo(MONGODB_URL, createLog({ filter: LOG, topic: 'keys' }))
  const { keys: store } = await openOAuthStores(mongo.database('gateway'))
  const secrets = deriveSecrets(LOOPS_SECRET, ...old).signing_keys
  await work(await openKeys({ store, secrets, clock: systemClock }))
}

/** What a service that seals says of what it keeps. */
type Resealing = Readonly<{
  countUnderOld: (db: ReturnType<Mongo['database']>, keys: ServiceKeys) => Promise<number>
}>

const linesOf = (secret: string, suffix: string): readonly string[] =>
  Object.entries(serviceSecrets(secret)).map(
    ([service, text]) => `${service.replaceAll('-', '_').toUpperCase()}_SECRET${suffix}=${text}`,
  )

/** One line for each service, and one more for what it had under the secret of before. */
const showServiceSecrets = (): void => {
  const { LOOPS_SECRET, LOOPS_SECRET_OLD } = runningConfig(processEnv(), ['LOOPS_SECRET'])
  for (const line of [
    ...linesOf(LOOPS_SECRET ?? '', ''),
    ...(LOOPS_SECRET_OLD === undefined ? [] : linesOf(LOOPS_SECRET_OLD, '_OLD')),
  ])
    say(line)
}

/** Says whether the old secret can go, and if not, what still needs it. */
const rotateSecret = async (): Promise<number> => {
  const config = runningConfig({ LOG: 'warn', ...processEnv() }, NEEDS)
  const { LOOPS_SECRET = '', LOOPS_SECRET_OLD } = config
  if (LOOPS_SECRET_OLD === undefined) {
    say(
      'LOOPS_SECRET is not being replaced. To replace it: make another, set it as LOOPS_SECRET and the present one as LOOPS_SECRET_OLD, start Loops again with both, and run this again.',
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
  let under_old = signing.under_old
  for (const { name, purposes = [] } of CONTRACTS) {
    if (name === gateway.name || !purposes.some(({ seals }) => seals)) continue
    const { countUnderOld } = (await import(`../services/${name}/reseal.ts`)) as Resealing
    under_old += await countUnderOld(mongo.database(name), serviceKeys(name, all))
  }
  if (under_old > 0) {
    say(
      `LOOPS_SECRET_OLD is still needed: ${under_old} secrets in the database are sealed under it. Loops seals them anew by itself while it runs with both.`,
    )
    return 1
  }
  const until = signing.since && new Date(signing.since.getTime() + config.REFRESH_TOKEN_DAYS * DAY_MS)
  if (until && until > systemClock.now()) {
    say(
      `Everything is sealed under LOOPS_SECRET. Take LOOPS_SECRET_OLD away from ${minute(until)} on: until then it lets connections go on that were made before, and unsubscribe links work that were sent before.`,
    )
    return 1
  }
  say('LOOPS_SECRET_OLD can go: take it away and start Loops again.')
  return 0
}

await runCommand(async () => {
  switch (process.argv[2]) {
    case 'list':
      await withKeys(list)
      return 0
    case 'rotate':
      await withKeys(rotate)
      return 0
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
