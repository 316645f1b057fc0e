// Credentials for programs, made through the pages: personal access tokens, service accounts and their secrets.
import type { Account, Arrived } from './accounts.ts'
import { type Answer, postForm } from './oauth-client.ts'

const BASELINE = ['loops:read', 'loops:write']

/** What a page shows once in an element with this attribute. */
const shownOnce = (page: string, attribute: string): string =>
  new RegExp(`<code[^>]* ${attribute}="([^"]+)"`).exec(page)?.[1] ?? ''

/** Asks for a token by the form of the page. */
export const askForToken = (
  { browser }: Account,
  asked: Readonly<{
    name?: string
    scope?: readonly string[]
    workspace_id?: string
    days?: string
    max_claims?: string
  }> = {},
): Promise<Arrived> =>
  browser.submit('/account/tokens', {
    token_name: asked.name ?? 'CI',
    scope: asked.scope ?? BASELINE,
    ...(asked.workspace_id === undefined ? {} : { workspace_id: asked.workspace_id }),
    ...(asked.days === undefined ? {} : { expires_in_days: asked.days }),
    ...(asked.max_claims === undefined ? {} : { max_claims: asked.max_claims }),
  })

/** The token on the page that shows it; empty where there is none. */
export const tokenOn = ({ text }: Arrived): string => shownOnce(text, 'data-token')

/** Makes a token of a person. */
export const tokenOf = async (
  account: Account,
  asked: Parameters<typeof askForToken>[1] = {},
): Promise<string> => {
  const arrived = await askForToken(account, asked)
  const token = tokenOn(arrived)
  if (token === '')
    throw new Error(`no token for ${account.name}: ${arrived.status} ${arrived.text.slice(0, 2_000)}`)
  return token
}

/** The ids of the tokens on a page, first to last. */
export const tokenIdsOn = (page: string): string[] =>
  [...page.matchAll(/\/tokens\/([^/"]+)\/revoke/g)].map(([, id]) => id ?? '')

/** The id and the secret of a service account. */
export type ServiceClient = Readonly<{ client_id: string; client_secret: string }>

/** What a page shows of a service account's secret; empty where there is none. */
export const serviceClientOn = ({ text }: Arrived): ServiceClient => ({
  client_id: shownOnce(text, 'data-client-id'),
  client_secret: shownOnce(text, 'data-client-secret'),
})

/** Asks for a service account by the form of the page. */
export const askForServiceAccount = (
  { browser }: Account,
  asked: Readonly<{ name?: string; scope?: readonly string[] }> = {},
): Promise<Arrived> =>
  browser.submit('/workspace/service-accounts', {
    service_account_name: asked.name ?? 'Builds',
    scope: asked.scope ?? BASELINE,
  })

/** Makes a service account. */
export const serviceAccountOf = async (
  account: Account,
  asked: Parameters<typeof askForServiceAccount>[1] = {},
): Promise<ServiceClient> => {
  const arrived = await askForServiceAccount(account, asked)
  const client = serviceClientOn(arrived)
  if (client.client_secret === '')
    throw new Error(`no service account: ${arrived.status} ${arrived.text.slice(0, 2_000)}`)
  return client
}

/** Asks the token endpoint for an access token of a service account. */
export const getServiceToken = (
  site: string,
  { client_id, client_secret }: ServiceClient,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const basic = Buffer.from(`${client_id}:${client_secret}`).toString('base64')
  const asked = { grant_type: 'client_credentials', resource: `${site}/mcp`, ...more }
  return postForm(new URL('/token', site), asked, { authorization: `Basic ${basic}` })
}
