// The pages of a person's own account, but sign-in and tokens, in every state.
import type { Page } from 'playwright-core'
import { signUp } from './accounts.ts'
import { at, type State, send } from './page-ways.ts'
import type { World } from './page-world.ts'

const DETAILS = '/account/details'
const DELETE = '/account/delete'

/** Opens a page as somebody else, and leaves the browser signed in as it was. */
const aside =
  (open: (page: Page, world: World) => Promise<unknown>): State['open'] =>
  async (page, world) => {
    const kept = await page.context().cookies()
    await page.context().clearCookies()
    await open(page, world)
    await page.context().clearCookies()
    await page.context().addCookies(kept)
  }

/** Signs in as somebody new, who is the only member of their workspace. */
const asSomebodyAlone = async (page: Page, { system }: World): Promise<string> => {
  const { email, password } = await signUp(system, { name: 'Alma', workspace: 'Alma & nobody else' })
  await page.goto(`${system.url}/sign-in`)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await send(page, 'Sign in')
  await page.goto(`${system.url}${DELETE}`)
  return email
}

export const OWN_ACCOUNT: readonly State[] = [
  { name: 'account', as: 'member', open: at('/account') },
  { name: 'account_changed', as: 'member', open: at('/account?changed') },
  { name: 'browsers', as: 'member', open: at('/account/sessions') },
  { name: 'browsers_others_signed_out', as: 'viewer', open: at('/account/sessions?others') },
  { name: 'details', as: 'member', open: at(DETAILS) },
  { name: 'details_link_sent', as: 'member', open: at(`${DETAILS}?sent`) },
  {
    name: 'details_with_a_fault_in_the_name',
    as: 'member',
    open: async (page, world) => {
      await at(DETAILS)(page, world)
      await page.getByLabel('Your name').fill(' ')
      await send(page, 'Save')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'details_with_a_fault_in_the_address',
    as: 'member',
    open: async (page, world) => {
      await at(DETAILS)(page, world)
      await page.getByLabel('New address').fill('nowhere')
      await send(page, 'Send the link')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'delete_account', as: 'member', open: at(DELETE) },
  { name: 'delete_account_of_the_last_owner', as: 'owner', open: at(DELETE) },
  {
    name: 'delete_account_with_another_address',
    as: 'member',
    open: async (page, world) => {
      await at(DELETE)(page, world)
      await page.getByLabel('Your address').fill('nobody@example.com')
      await send(page, 'Delete my account for good')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'delete_account_with_its_workspace', as: 'stranger', open: aside(asSomebodyAlone) },
  {
    name: 'account_deleted',
    as: 'stranger',
    open: aside(async (page, world) => {
      const email = await asSomebodyAlone(page, world)
      await page.getByLabel('Your address').fill(email)
      await send(page, 'Delete my account for good')
    }),
  },
]
