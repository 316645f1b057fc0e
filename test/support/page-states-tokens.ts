// The pages of access tokens and service accounts in every state.
import type { Page } from 'playwright-core'
import { connectApp } from './oauth-client.ts'
import { WORKSPACE_STATES } from './page-states-workspace.ts'
import { at, type State, send } from './page-ways.ts'
import { LONG, type World } from './page-world.ts'

const TOKENS = '/account/tokens'
const SERVICE_ACCOUNTS = '/workspace/service-accounts'

const ACCESS = '/workspace/access'

const makeServiceAccount = async (page: Page, world: World, name: string): Promise<void> => {
  await at(SERVICE_ACCOUNTS)(page, world)
  await page.getByLabel('Name').fill(name)
  await send(page, 'Create service account')
}

/** The page of the service account of this name. */
const serviceAccount = async (page: Page, world: World, name: string): Promise<void> => {
  await at(SERVICE_ACCOUNTS)(page, world)
  await page.getByRole('main').getByRole('link', { name, exact: true }).click()
  await page.waitForURL(`**${SERVICE_ACCOUNTS}/*`)
}

export const CREDENTIALS: readonly State[] = [
  ...WORKSPACE_STATES,
  { name: 'audit_log', as: 'owner', open: at('/workspace/audit') },
  { name: 'no_audit_entries', as: 'owner', open: at('/workspace/audit?from=2000-01-01&until=2000-01-02') },
  { name: 'no_tokens', as: 'viewer', open: at(TOKENS) },
  {
    name: 'token_shown_once',
    as: 'owner',
    open: async (page, world) => {
      await at(TOKENS)(page, world)
      await page.getByLabel('Name').fill('CI of the website')
      await page.keyboard.press('Enter')
      await page.locator('[data-token]').waitFor()
    },
  },
  {
    name: 'token_with_a_fault',
    as: 'owner',
    open: async (page, world) => {
      await at(TOKENS)(page, world)
      await page.getByLabel('Name').fill('CI of the website')
      await send(page, 'Create token')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'tokens',
    as: 'owner',
    open: async (page, world) => {
      await at(TOKENS)(page, world)
      await page.getByLabel('Name').fill(LONG)
      await send(page, 'Create token')
      await at(TOKENS)(page, world)
    },
  },
  {
    name: 'token_replaced',
    as: 'owner',
    open: async (page, world) => {
      await at(TOKENS)(page, world)
      await send(page, `Replace CI of the website`)
      await page.locator('[data-token]').waitFor()
    },
  },
  { name: 'no_service_accounts', as: 'owner', open: at(SERVICE_ACCOUNTS) },
  {
    name: 'service_account_shown_once',
    as: 'owner',
    open: async (page, world) => {
      await makeServiceAccount(page, world, LONG)
      await page.locator('[data-client-secret]').waitFor()
    },
  },
  {
    name: 'service_account_with_a_fault',
    as: 'owner',
    open: async (page, world) => {
      await makeServiceAccount(page, world, LONG)
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'service_accounts',
    as: 'owner',
    open: async (page, world) => {
      await makeServiceAccount(page, world, 'Builds')
      await at(SERVICE_ACCOUNTS)(page, world)
    },
  },
  {
    name: 'service_account_with_a_token',
    as: 'owner',
    open: async (page, world) => {
      await serviceAccount(page, world, 'Builds')
      await page.getByLabel('Name').fill('Plain')
      await send(page, 'Create token')
      await page.locator('[data-token]').waitFor()
    },
  },
  {
    name: 'service_account_with_a_new_secret',
    as: 'owner',
    open: async (page, world) => {
      await serviceAccount(page, world, 'Builds')
      await send(page, 'Make a new secret; the old one works')
      await page.locator('[data-client-secret]').waitFor()
    },
  },
  {
    name: 'service_account_with_keys',
    as: 'owner',
    open: async (page, world) => {
      await at(SERVICE_ACCOUNTS)(page, world)
      await page.getByLabel('Name').fill('Signing builds')
      await page.getByText('Keys instead of a secret').click()
      await page.getByLabel('Address of the key set').fill('https://ci.example.com/jwks.json')
      await send(page, 'Create service account')
      await page.getByText('private_key_jwt').waitFor()
    },
  },
  {
    name: 'service_account_with_a_fault_of_keys',
    as: 'owner',
    open: async (page, world) => {
      await serviceAccount(page, world, 'Signing builds')
      await page.getByText('Replace the keys').click()
      await page.getByLabel('Public keys').fill('{"keys":[]}')
      await send(page, 'Use these keys')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'service_account_that_is_disabled',
    as: 'owner',
    open: async (page, world) => {
      await serviceAccount(page, world, 'Builds')
      await send(page, 'Disable Builds')
      await page.getByText('nothing works in its name').waitFor()
    },
  },
  {
    name: 'access_of_programs',
    as: 'owner',
    open: async (page, world) => {
      const { accounts, system } = world
      await connectApp(system.url, accounts.owner, { metadata: { client_name: LONG } })
      await at(ACCESS)(page, world)
    },
  },
  {
    name: 'access_with_a_fault',
    as: 'owner',
    open: async (page, world) => {
      await at(ACCESS)(page, world)
      for (const box of await page.getByRole('checkbox').all()) await box.uncheck()
      await send(page, 'Save')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'access_with_a_blocked_app',
    as: 'owner',
    open: async (page, world) => {
      const { app } = await connectApp(world.system.url, world.accounts.owner, {
        metadata: { client_name: 'An app that misbehaves' },
      })
      await world.accounts.owner.browser.submit(`${ACCESS}/clients/block`, { client_id: app.client_id })
      await at(ACCESS)(page, world)
    },
  },
]
