// People with a second factor: an app for codes that the tests hold, and sessions that began a while ago.
import { Secret, TOTP } from 'otpauth'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import type { Account, Arrived } from './accounts.ts'

export const CODE_APP = '/account/second-factor/app'

/** Somebody with an app for codes: its secret, and the recovery codes that they were shown. */
export type Armed = Account & Readonly<{ secret: string; recovery: readonly string[] }>

/** The code that an app shows at a moment. */
export const codeAt = (secret: string, now: Date): string =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now.getTime() })

/** The secret that a page shows for a new app, and what its form carries. */
export const setupOn = ({ text }: Pick<Arrived, 'text'>): Readonly<{ secret: string; setup: string }> => ({
  secret: /data-secret="([A-Z2-7]+)"/.exec(text)?.[1] ?? '',
  setup: /name="setup" value="([^"]*)"/.exec(text)?.[1] ?? '',
})

/** Sets up an app for codes. The code of this moment is used then. */
export const armAccount = async (account: Account, now: Date): Promise<Armed> => {
  const { secret, setup } = setupOn(await account.browser.open(CODE_APP))
  const done = await account.browser.submit(CODE_APP, { setup, code: codeAt(secret, now) })
  const recovery = [...done.text.matchAll(/<code>([A-Z2-7-]{19})<\/code>/g)].map(([, code = '']) => code)
  if (recovery.length === 0) throw new Error(`${account.name} has no second factor: ${done.status}`)
  return { ...account, secret, recovery }
}

/** Makes the sessions of an account look as if their person had proved who they are this long ago. */
export const ageSessions = async (mongodbUrl: string, email: string, ms: number): Promise<void> => {
  await using mongo = await connectMongo(mongodbUrl, createLog({ filter: 'error', topic: 'sessions' }))
  const db = mongo.database('gateway')
  const person = await db.collection('people').findOne({ email })
  const authenticated_at = new Date(Date.now() - ms)
  await db
    .collection<{ user_id: unknown }>('sessions')
    .updateMany({ user_id: person?._id }, { $set: { authenticated_at } })
}

/** Takes the password of an account away, as of somebody who always signed in through a provider. */
export const forgetPassword = async (mongodbUrl: string, email: string): Promise<void> => {
  await using mongo = await connectMongo(mongodbUrl, createLog({ filter: 'error', topic: 'people' }))
  const people = mongo.database('gateway').collection('people')
  await people.updateOne({ email }, { $set: { password_hash: null } })
}
