// `npm run keys`: the keys that access tokens are signed with, for operators, and the one that services introspect by.
import { introspectionToken } from '../services/gateway/oauth/introspect.ts'
import type { KeyUse } from '../services/gateway/oauth/key-schedule.ts'
import { type Keys, openKeys } from '../services/gateway/oauth/keys.ts'
import { openOAuthStores } from '../services/gateway/oauth/store.ts'
import { deriveSecrets } from '../services/gateway/secrets.ts'
import { systemClock } from '../shared/clock.ts'
import { processEnv } from '../shared/config.ts'
import { createLog } from '../shared/log.ts'
import { connectMongo } from '../shared/mongo.ts'
import { runCommand, runningConfig } from './running.ts'

const USAGE = `npm run keys -- list           shows the signing keys and what each is there for
npm run keys -- rotate         makes the next key now; it is announced first, then signs
npm run keys -- introspection  shows the token by which services ask /introspect`

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
  const { LOG, MONGODB_URL = '', LOOPS_SECRET = '' } = runningConfig({ LOG: 'warn', ...processEnv() }, NEEDS)
  await using mongo = await connectMongo(MONGODB_URL, createLog({ filter: LOG, topic: 'keys' }))
  const { keys: store } = await openOAuthStores(mongo.database('gateway'))
  const secret = deriveSecrets(LOOPS_SECRET).signing_keys
  await work(await openKeys({ store, secret, clock: systemClock }))
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
    default:
      say(USAGE)
      return 2
  }
})
