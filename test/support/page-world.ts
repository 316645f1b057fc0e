// The installations for the tests of every page: one with people, apps, loops and mails, and a new one. Knows no page
// but that for signing in.
import type { Browser, BrowserContext } from 'playwright-core'
import { vi } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from './accounts.ts'
import { type HostileProvider, startHostileProvider } from './hostile-provider.ts'
import { MAIL_WAIT, type Mail, type System, startSystem } from './system.ts'

/** A name that tries to break any page it appears on. */
export const LONG = 'An unbroken name '.repeat(3) + 'x'.repeat(100)

/** The viewers, each with their own browser. `founder` and `newcomer` use the installation that is only a gateway. */
export type Who = 'nobody' | 'owner' | 'member' | 'viewer' | 'newcomer' | 'founder' | 'stranger'

/** The installations and what they hold. */
export type World = AsyncDisposable &
  Readonly<{
    /** A whole system with people, apps, loops and mails. */
    system: System
    /** The identity provider of the system, which signs in whomever the test says. */
    provider: HostileProvider
    /** A new gateway alone, by invitation, with a provider that is away and one that is not: other services do not answer here. */
    alone: System
    /** The same at a public address, where the first account needs a link. */
    reachable: System
    contexts: Readonly<Record<Who, BrowserContext>>
    accounts: Readonly<Record<'owner' | 'member' | 'viewer', Account>>
    privateLoop: string
    publicLoop: string
    /** The link of a mail about a loop to its reader's mail preferences. */
    mailPreferences: string
    mailId: string
  }>

const signIn = async (context: BrowserContext, { url }: System, account: Account): Promise<void> => {
  const page = await context.newPage()
  await page.goto(`${url}/sign-in`)
  await page.getByLabel('Email').fill(account.email)
  await page.getByLabel('Password').fill(account.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${url}/`)
  await page.close()
}

const preferencesLinkOf = ({ text }: Mail): string => /https?:\/\/\S+\/u\/\S+\?mail=\w+/.exec(text)?.[0] ?? ''

/** Ships a loop and returns the links of its mail to a person. */
const shippedMail = async (system: System, owner: Account, to: Account) => {
  await using agent = await agentOf(system, owner)
  const make = async (name: string, visibility: 'public' | 'private') =>
    (await agent.call('create_loop', { name, visibility })).loop.id
  const [shipped, publicLoop, privateLoop] = [
    await make('Shipped <loop>', 'public'),
    await make('Open loop', 'public'),
    await make(LONG, 'private'),
  ]
  await agent.call('ship_loop', { loop_id: shipped })
  const mail = await vi.waitFor(async () => {
    const newest = await system.mailTo(to.email)
    if (preferencesLinkOf(newest) === '') throw new Error('the loop’s mail has not come')
    return newest
  }, MAIL_WAIT)
  return { publicLoop, privateLoop, mailPreferences: preferencesLinkOf(mail), mailId: mail.id }
}

/** Opens the installations and their people. */
export const openWorld = async (browser: Browser): Promise<World> => {
  const stack = new AsyncDisposableStack()
  const provider = stack.use(await startHostileProvider())
  const system = stack.use(
    await startSystem({ env: { ...provider.env, OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: '*' } }),
  )
  const away = { ...provider.env, OIDC_ISSUER: 'http://127.0.0.1:9', PASSWORDS: 'owners' }
  const second = {
    OIDC_ISSUER_2: provider.issuer,
    OIDC_CLIENT_ID_2: provider.env.OIDC_CLIENT_ID ?? '',
    OIDC_CLIENT_SECRET_2: provider.env.OIDC_CLIENT_SECRET ?? '',
    OIDC_NAME_2: 'Other ID',
    OIDC_SIGN_UP_2: 'allowed',
    OIDC_ALLOWED_DOMAINS_2: '*',
  }
  const alone = stack.use(
    await startSystem({ names: ['gateway'], env: { SIGN_UP: 'invited', ...away, ...second } }),
  )
  const env = { SIGN_UP: 'invited', PUBLIC_URL: 'http://loops.example.com' }
  const reachable = stack.use(await startSystem({ names: ['gateway'], env }))
  const owner = await signUp(system, { name: 'Ann', workspace: 'Acme & Co' })
  const member = await joinWorkspace(system, owner, { name: 'Bo' })
  const viewer = await joinWorkspace(system, owner, { name: 'Vi', role: 'viewer' })
  const mailed = await shippedMail(system, owner, member)
  const context = async () => {
    const made = await browser.newContext()
    stack.defer(() => made.close())
    return made
  }
  const contexts = {
    nobody: await context(),
    owner: await context(),
    member: await context(),
    viewer: await context(),
    newcomer: await context(),
    founder: await context(),
    stranger: await context(),
  }
  await signIn(contexts.owner, system, owner)
  await signIn(contexts.member, system, member)
  await signIn(contexts.viewer, system, viewer)
  return {
    system,
    provider,
    alone,
    reachable,
    contexts,
    accounts: { owner, member, viewer },
    ...mailed,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
