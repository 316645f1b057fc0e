// Secrets of every kind are used, misused and replayed on a whole system that logs everything. Afterwards none of them
// is in its logs, its error answers or its events. In mails there are only the links that belong there.
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { STARTABLE, startServices } from '../../services/start.ts'
import { JOURNAL } from '../../shared/events/journal-store.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Account, agentOf, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import { getServiceToken, serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { type GuardedNats, SERVICE_USERS, startGuardedNats } from '../support/guarded-nats.ts'
import {
  exchangeCode,
  obtainCode,
  postForm,
  refreshTokens,
  registerApp,
  revokeToken,
  tryToken,
} from '../support/oauth-client.ts'
import { ids } from '../support/service-environment.ts'
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts'
import { freshStack } from '../support/stack.ts'
import { MAIL_WAIT } from '../support/system.ts'

/** The mail server refuses at first. */
const MAIL_PATIENCE = { ...MAIL_WAIT, timeout: 60_000 }

const running = new AsyncDisposableStack()
let nats: GuardedNats
let sink: SmtpSink
let url = ''
let env: Readonly<Record<string, string>>

/** The secrets that must not leak, by kind. */
const secrets = new Map<string, string>()
/** Those of them that mails are meant to bring. */
const MAILED = ['invitation link', 'reset link']
/** The places where no secret may be. */
const logs: string[] = []
const answers: string[] = []

const canary = (what: string): string => {
  const value = `canary-${what.replaceAll(' ', '-')}-${ids.token().slice(0, 20)}`
  secrets.set(what, value)
  return value
}
const keep = (what: string, value: string | undefined): string => {
  if (!value) throw new Error(`there is no ${what}`)
  secrets.set(what, value)
  return value
}

/** The forms of a secret in a text: plain, in an address, and as half of a Basic header or a database's key. */
const shapesOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  ...[0, 1, 2].map((shift) =>
    Buffer.from(`${' '.repeat(shift)}${secret}`)
      .toString('base64')
      .slice(4, -4),
  ),
]
const heldBy = (texts: readonly string[], but: readonly string[] = []): string[] => {
  const all = texts.join('\n')
  return [...secrets]
    .filter(([what, secret]) => !but.includes(what) && shapesOf(secret).some((shape) => all.includes(shape)))
    .map(([what]) => what)
}

const listenToProcess = (): void => {
  for (const stream of [process.stderr, process.stdout]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      logs.push(String(chunk))
      return true
    })
    running.defer(() => spy.mockRestore())
  }
  const plain = globalThis.fetch
  const spy = vi.spyOn(globalThis, 'fetch').mockImplementation(async (...asked) => {
    const answer = await plain(...asked)
    if (answer.status >= 400) answers.push(await answer.clone().text(), JSON.stringify([...answer.headers]))
    return answer
  })
  running.defer(() => spy.mockRestore())
}

beforeAll(async () => {
  sink = running.use(await startSmtpSink())
  nats = running.use(await startGuardedNats())
  listenToProcess()
  for (const user of SERVICE_USERS) keep(`NATS password of ${user}`, new URL(nats.urlOf(user)).password)
  const mongo = new URL(freshStack().mongodbUrl)
  mongo.searchParams.set('appName', canary('MongoDB address'))
  const smtp = new URL(sink.url)
  smtp.username = canary('SMTP user')
  smtp.password = canary('SMTP password')
  env = {
    NODE_ENV: 'production',
    LOG: 'debug',
    PORT: '0',
    PUBLIC_URL: 'http://localhost:0',
    MONGODB_URL: mongo.href,
    SMTP_URL: smtp.href,
    LOOPS_SECRET: canary('secret of the installation'),
    SIGN_UP: 'open',
  }
  for (const name of STARTABLE) {
    const started = await startServices({ ...env, NATS_URL: nats.urlOf(name) }, { names: [name] })
    running.use(started)
    url = started.url?.replace('127.0.0.1', 'localhost') ?? url
  }
})
afterAll(() => running.disposeAsync())

/** The newest mail to an address with this in its text. */
const mailTo = (address: string, text = /./) =>
  vi.waitFor(() => {
    const mail = sink.mails.findLast((one) => one.to.includes(address) && text.test(one.text))
    if (!mail) throw new Error(`no mail to ${address} has come`)
    return mail
  }, MAIL_PATIENCE)
/** The secret at the end of a mail's link. */
const linkTo = async (address: string, text: RegExp) => text.exec((await mailTo(address, text)).text)?.[1]

const tokensAreUsedAndMisused = async (ann: Account): Promise<void> => {
  const app = await registerApp(url, { token_endpoint_auth_method: 'client_secret_post' })
  keep('client secret', app.client_secret)
  const state = canary('state')
  const given = await obtainCode(url, app, ann, { state })
  keep('code', given.code)
  keep('verifier', given.verifier)
  await exchangeCode(url, app, { ...given, verifier: canary('wrong verifier').padEnd(43, 'x') })
  const { body } = await exchangeCode(url, app, given)
  keep('access token', body.access_token)
  keep('signature', body.access_token.split('.')[2])
  keep('refresh token', body.refresh_token)
  await tryToken(url, body.access_token)
  await tryToken(url, `${body.access_token}x`)
  await fetch(`${url}/mcp?access_token=${body.access_token}`, { method: 'POST' })
  const next = (await refreshTokens(url, app, body.refresh_token)).body
  keep('second refresh token', next.refresh_token)
  keep('second access token', next.access_token)
  const basic = Buffer.from(`${app.client_id}:${canary('wrong client secret')}`).toString('base64')
  const refresh = { grant_type: 'refresh_token', refresh_token: next.refresh_token }
  await postForm(`${url}/token`, refresh, { Authorization: `Basic ${basic}` })
  await postForm(`${url}/token`, { ...refresh, refresh_token: canary('made-up refresh token') })
  await exchangeCode(url, app, given)
  await revokeToken(url, app, next.refresh_token)
  await tryToken(url, next.access_token)
}

const programsComeAndGo = async (ann: Account): Promise<void> => {
  const token = keep('personal token', await tokenOf(ann))
  await tryToken(url, token)
  await tryToken(url, `${token}x`)
  await fetch(`${url}/mcp?access_token=${token}`, { method: 'POST' })
  await postForm(`${url}/token`, { grant_type: 'refresh_token', refresh_token: token })
  await ann.browser.open('/account/tokens')
  const client = await serviceAccountOf(ann)
  keep('secret of a service account', client.client_secret)
  const { access_token } = (await getServiceToken(url, client)).body
  keep('access token of a service account', access_token)
  await getServiceToken(url, { ...client, client_secret: canary('wrong secret of a service account') })
  await getServiceToken(url, { client_id: client.client_secret, client_secret: client.client_id })
  await tryToken(url, access_token)
  await tryToken(url, client.client_secret)
  await ann.browser.submit(`/workspace/service-accounts/${client.client_id}/secret`, {})
  await getServiceToken(url, client)
}

const passwordsAreTypedAndForgotten = async ({ email, password }: Account): Promise<void> => {
  const body = (typed: string) => new URLSearchParams({ email, password: typed })
  await fetch(`${url}/sign-in`, { method: 'POST', body: body(canary('wrong password')) })
  const signedIn = await fetch(`${url}/sign-in`, {
    method: 'POST',
    body: body(password),
    redirect: 'manual',
  })
  const [, cookie] = /^[^=]+=([^;]+)/.exec(signedIn.headers.getSetCookie()[0] ?? '') ?? []
  keep('session', cookie)
  const browser = openBrowser(url)
  await browser.submit('/forgot', { email })
  const reset = keep('reset link', await linkTo(email, /\/reset\/(\S+)/))
  await browser.submit(`/reset/${reset}`, { password: 'short' })
  await browser.submit(`/reset/${reset}`, { password: canary('new password') })
  await browser.open(`/reset/${reset}`)
}

const mailIsRefusedAndSent = async (owner: Account): Promise<void> => {
  let refusals = 0
  sink.misbehave(({ at }) => {
    if (at === 'auth') return refusals++ === 0 ? { reply: 535 } : undefined
    return at === 'rcpt' && refusals++ < 3 ? { reply: 451 } : undefined
  })
  await using agent = await agentOf({ url }, owner)
  keep('token of an agent', agent.accessToken())
  const { loop } = await agent.call('create_loop', { name: 'Sent to all' })
  await agent.call('ship_loop', { loop_id: loop.id })
  await mailTo(owner.email, /Sent to all/)
}

/** Addresses of webhooks often end with a secret of the receiver. */
const aWebhookIsAdded = async ({ browser }: Account): Promise<void> => {
  const address = `https://hooks.example.com/${canary('end of an address')}`
  const { text } = await browser.submit('/workspace/webhooks/add_webhook', { url: address })
  keep('secret of a webhook', /whsec_[\w+/=]+/.exec(text)?.[0])
}

/** What a service logs about servers that it cannot reach. */
const startInVain = async (): Promise<void> => {
  const [user, host] = [canary('user of a server that is away'), '127.0.0.1:1']
  const password = canary('password of a server that is away')
  for (const away of [
    { NATS_URL: `nats://${user}:${password}@${host}` },
    { MONGODB_URL: `mongodb://${user}:${password}@${host}/loops?serverSelectionTimeoutMS=200` },
    { NATS_URL: `nats://gateway:${password}@${nats.address}` },
    { SMTP_URL: `smtp//${user}:${password}@${host}` },
    { LOOPS_SECRET: password.slice(0, 20) },
  ])
    await startServices({ ...env, NATS_URL: nats.urlOf('tasks'), ...away }, { names: ['tasks'] }).then(
      (started) => started[Symbol.asyncDispose](),
      (error: unknown) => {
        const { message, stack, cause } = error as Error
        answers.push(message, stack ?? '', String(cause))
      },
    )
}

/** Every event that was published, as its publisher recorded it in the journal. */
const eventsTold = async (): Promise<string[]> => {
  await using mongo = await connectMongo(env.MONGODB_URL ?? '', createLog({ filter: 'error', topic: 'test' }))
  const kept = await Promise.all(
    SERVICE_USERS.map((service) => mongo.database(service).collection(JOURNAL).find().toArray()),
  )
  return kept.flat().map((event) => JSON.stringify(event))
}

test('no_secret_is_in_logs_answers_events_or_mails', async () => {
  const ann = await signUp({ url }, { name: 'Ann' })
  keep('password', ann.password)
  const bo = await joinWorkspace({ url, mails: async () => sink.mails.toReversed() }, ann, { name: 'Bo' })
  const invitation = keep('invitation link', await linkTo(bo.email, /\/invitations\/([\w.-]+)/))
  await openBrowser(url).open(`/invitations/${invitation}`)
  await tokensAreUsedAndMisused(ann)
  await programsComeAndGo(ann)
  await aWebhookIsAdded(ann)
  await mailIsRefusedAndSent(ann)
  await passwordsAreTypedAndForgotten(bo)
  await startInVain()

  // The search works: each place has what it should have.
  expect(logs.join('')).toContain('"level":"debug"')
  expect(answers.join('')).toContain('invalid_grant')
  const events = await eventsTold()
  expect(events.join('')).toContain('person.password_reset_requested')
  const mails = sink.mails.map(({ raw, text, html }) => `${raw}\n${text}\n${html}`)
  expect(heldBy(mails)).toEqual(MAILED)
  expect(heldBy(mails, MAILED)).toEqual([])
  expect(heldBy(answers)).toEqual([])
  expect(heldBy(events)).toEqual([])
  expect(heldBy(logs)).toEqual([])
  expect(secrets.size).toBeGreaterThan(25)
})

test('no_hash_of_a_secret_is_there_either', () => {
  const hashes = [...secrets.values()].flatMap((secret) =>
    (['hex', 'base64', 'base64url'] as const).map((form) => createHash('sha256').update(secret).digest(form)),
  )
  const all = [...logs, ...answers].join('\n')
  expect(hashes.filter((hash) => all.includes(hash))).toEqual([])
})
