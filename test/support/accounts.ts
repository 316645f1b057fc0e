// People with an account and a browser: they sign up, and let apps work for them, through the forms of the pages.

import { setTimeout } from 'node:timers/promises'
import { ALL_SCOPES, type Scope } from '../../shared/contracts/define/common.ts'
import { FURTHER_SCOPES } from '../../shared/contracts/define/scopes.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { type ConnectOptions, connectMcp, type McpClient } from './mcp-client.ts'
import type { System } from './system.ts'

const ids = systemIds()

/** Long enough, and on no list of common passwords. */
const PASSWORD = 'seven green bicycles in a row'
/** How many redirects a browser follows before it gives up. */
const MAX_REDIRECTS = 10

/** Where a browser ended: the last page of the site, or the foreign URL that it was redirected to. */
export type Arrived = Readonly<{ url: URL; status: number; headers: Headers; text: string }>

/** A browser without scripts: it keeps cookies, follows redirects within its site, and posts forms. */
export type Browser = Readonly<{
  open: (path: string | URL) => Promise<Arrived>
  /** Posts a form. A field with several values is sent once for each. */
  submit: (
    path: string | URL,
    fields: Readonly<Record<string, string | readonly string[]>>,
  ) => Promise<Arrived>
  /** Posts a form with files. */
  upload: (path: string | URL, form: FormData) => Promise<Arrived>
  /** What it would send as its cookies, for a test that sends a request by hand. */
  cookie: () => string
}>

/** Whether a page has the form to sign in. */
export const asksToSignIn = ({ text }: Arrived): boolean => /<form[^>]*action="\/sign-in/.test(text)

/** Opens a browser on a site. */
export const openBrowser = (site: string): Browser => {
  const cookies = new Map<string, string>()
  const keep = (response: Response): void => {
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
  }
  const cookieNow = (): string => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const go = async (url: URL, init: RequestInit): Promise<Arrived> => {
    let [at, how] = [url, init]
    for (let redirects = 0; redirects < MAX_REDIRECTS; redirects += 1) {
      const cookie = cookieNow()
      const response = await fetch(at, { ...how, headers: { cookie, origin: site }, redirect: 'manual' })
      keep(response)
      const location = response.headers.get('location')
      const text = await response.text()
      if (location === null) return { url: at, status: response.status, headers: response.headers, text }
      at = new URL(location, at)
      how = {}
      if (at.origin !== site) return { url: at, status: response.status, headers: response.headers, text }
    }
    throw new Error(`too many redirects on the way to ${at}`)
  }
  return {
    cookie: cookieNow,
    open: (path) => go(new URL(path, site), {}),
    upload: (path, form) => go(new URL(path, site), { method: 'POST', body: form }),
    submit: (path, fields) => {
      const pairs = Object.entries(fields).flatMap(([name, value]) =>
        [value].flat().map((one) => [name, one]),
      )
      return go(new URL(path, site), { method: 'POST', body: new URLSearchParams(pairs) })
    },
  }
}

/** Somebody with an account and a workspace, signed in. */
export type Account = Readonly<{
  name: string
  email: string
  password: string
  browser: Browser
  /** Answers an app's authorization request as this person: allows all that it asks for, except the scopes in `without`. */
  browse: (authorization: URL, without?: readonly Scope[]) => Promise<URL>
}>

const allowing =
  (browser: Browser): Account['browse'] =>
  async (authorization, without = []) => {
    const page = await browser.open(authorization)
    const further = FURTHER_SCOPES.filter((scope) => !without.includes(scope))
    const answer = await browser.submit(page.url, { decision: 'allow', without, further })
    return answer.url
  }

/** An address that nobody else has. */
const addressFor = (name: string): string =>
  `${name.toLowerCase().replaceAll(/[^a-z]+/g, '') || 'somebody'}.${ids.next().toLowerCase()}@example.com`

/** Signs up an account with its own workspace. */
export const signUp = async (
  system: Pick<System, 'url'>,
  person: Readonly<{ name: string; workspace?: string; arrives?: string }>,
): Promise<Account> => {
  const { name, workspace = `${name}’s workspace`, arrives = '/' } = person
  const email = addressFor(name)
  const browser = openBrowser(system.url)
  const arrived = await browser.submit('/sign-up', { name, email, password: PASSWORD, workspace })
  if (arrived.url.pathname !== arrives)
    throw new Error(`${name} could not sign up: ${arrived.status} ${arrived.text.slice(0, 2_000)}`)
  return { name, email, password: PASSWORD, browser, browse: allowing(browser) }
}

/** A system whose mails a test can read. */
type Mailed = Readonly<{
  url: string
  /** Newest first. */
  mails: () => Promise<readonly Readonly<{ to: string | readonly string[]; text: string }>[]>
}>

/** Signs up an account in another one's workspace, by the link in the invitation's mail. */
export const joinWorkspace = async (
  system: Mailed,
  host: Account,
  person: Readonly<{ name: string; role?: 'admin' | 'member' | 'viewer' }>,
): Promise<Account> => {
  const { name, role = 'member' } = person
  const email = addressFor(name)
  const sent = await host.browser.submit('/workspace/invite', { email, role })
  if (sent.status === 403) {
    await confirmAddress(system, host)
    await host.browser.submit('/workspace/invite', { email, role })
  }
  const link = await linkInMail(system, email, 'invitations')
  const browser = openBrowser(system.url)
  const arrived = await browser.submit(link, { name, password: PASSWORD })
  if (arrived.url.pathname !== '/')
    throw new Error(`${name} could not join: ${arrived.status} ${arrived.text.slice(0, 2_000)}`)
  return { name, email, password: PASSWORD, browser, browse: allowing(browser) }
}

/** How often the mails are searched for a link, and the pause in between (ms). */
const MAIL_LOOKS = 400
const LOOK_EVERY_MS = 50

type Kind = 'invitations' | 'confirm' | 'reset'
const linkOf = (kind: Kind, text: string): string | undefined =>
  new RegExp(`https?://\\S+/${kind}/[\\w.-]+`).exec(text)?.[0]

/**
 * The newest mail to an address that has a link of this kind, as soon as there is one.
 * @param before the texts of mails that are too old.
 */
export const mailWithLink = async <M extends Readonly<{ to: string | readonly string[]; text: string }>>(
  system: Readonly<{ mails: () => Promise<readonly M[]> }>,
  address: string,
  kind: Kind,
  before: ReadonlySet<string> = new Set(),
): Promise<M> => {
  for (let looks = 0; looks < MAIL_LOOKS; looks += 1) {
    const found = (await system.mails()).find(
      ({ to, text }) => to.includes(address) && linkOf(kind, text) !== undefined && !before.has(text),
    )
    if (found !== undefined) return found
    await setTimeout(LOOK_EVERY_MS)
  }
  throw new Error(`no mail to ${address} has a link to /${kind}`)
}

/** The link in the newest mail of this kind. */
export const linkInMail = async (
  system: Mailed,
  address: string,
  kind: Kind,
  before?: ReadonlySet<string>,
): Promise<URL> => new URL(linkOf(kind, (await mailWithLink(system, address, kind, before)).text) ?? '')

/** Confirms somebody's address by the mailed link. */
export const confirmAddress = async (system: Mailed, { email, browser }: Account): Promise<void> => {
  const page = await browser.submit(await linkInMail(system, email, 'confirm'), {})
  if (page.url.search !== '?confirmed') throw new Error(`${email} is not confirmed: ${page.status}`)
}

export type AgentOptions = Omit<ConnectOptions, 'browse'> & Readonly<{ without?: readonly Scope[] }>

/** An app that works for a person, connected by the complete OAuth flow. It requests every scope by name. */
export const agentOf = (
  system: Pick<System, 'url'>,
  account: Account,
  { without = [], ...options }: AgentOptions = {},
): Promise<McpClient> =>
  connectMcp(system.url, {
    browse: (authorization) => {
      const asked = new URL(authorization)
      asked.searchParams.set('scope', ALL_SCOPES.join(' '))
      return account.browse(asked, without)
    },
    ...options,
  })
