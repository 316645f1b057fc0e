// The pages of second factors, the second step of a sign-in, and being asked again, in every state.
import type { Page } from 'playwright-core'
import { signUp } from './accounts.ts'
import { at, memberNamed, type State, send } from './page-ways.ts'
import type { World } from './page-world.ts'
import { ageSessions, armAccount, CODE_APP, codeAt, setupOn } from './second-factors.ts'

const FACTORS = '/account/second-factor'

/** Signs somebody with a second factor in, up to the second step. */
const atSecondStep = async (page: Page, world: World): Promise<void> => {
  const { email, password } = await armAccount(await signUp(world.system, { name: 'Ada' }), new Date())
  await at('/sign-in')(page, world)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/sign-in/second-step')
}

/** A form for a token, sent by somebody who signed in a while ago. */
const askedAgain = async (page: Page, world: World): Promise<void> => {
  await at('/account/tokens')(page, world)
  await ageSessions(world.system.stack.mongodbUrl, world.accounts.viewer.email, 20 * 60_000)
  await page.getByLabel('Name').fill('CI of the tests')
  await send(page, 'Create token')
  await page.getByRole('heading', { name: 'Is it still you?' }).waitFor()
}

export const FACTOR_STATES: readonly State[] = [
  { name: 'no_second_factor', as: 'viewer', open: at(FACTORS) },
  { name: 'second_factor_app', as: 'viewer', open: at(CODE_APP) },
  {
    name: 'second_factor_app_with_a_fault',
    as: 'viewer',
    open: async (page, world) => {
      await at(CODE_APP)(page, world)
      await page.getByLabel('Code that the app shows').fill('000000')
      await send(page, 'Confirm')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'recovery_codes_shown_once',
    as: 'viewer',
    open: async (page, world) => {
      await at(CODE_APP)(page, world)
      const { secret } = setupOn({ text: await page.content() })
      await page.getByLabel('Code that the app shows').fill(codeAt(secret, new Date()))
      await send(page, 'Confirm')
      await page.locator('[data-recovery]').waitFor()
    },
  },
  { name: 'second_factor', as: 'viewer', open: at(FACTORS) },
  { name: 'passkey_to_add', as: 'viewer', open: at(`${FACTORS}/passkey`) },
  { name: 'asked_again_for_a_form', as: 'viewer', open: askedAgain },
  {
    name: 'asked_again_with_a_fault',
    as: 'viewer',
    open: async (page, world) => {
      await askedAgain(page, world)
      await page.getByLabel('Password').fill('a slip')
      await page.keyboard.press('Enter')
      await page.getByText('That is not your current password.').waitFor()
    },
  },
  {
    name: 'asked_again_and_led_back',
    as: 'viewer',
    open: async (page, world) => {
      await askedAgain(page, world)
      await page.getByLabel('Password').fill(world.accounts.viewer.password)
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Thank you' }).waitFor()
    },
  },
  { name: 'factor_policy', as: 'owner', open: at('/workspace/second-factor') },
  {
    name: 'factor_policy_with_a_fault',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace/second-factor')(page, world)
      await send(page, 'Require a second factor')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'member_with_a_second_factor', as: 'owner', open: memberNamed('Vi') },
  {
    name: 'second_step',
    as: 'nobody',
    open: atSecondStep,
  },
  {
    name: 'second_step_with_a_fault',
    as: 'nobody',
    open: async (page, world) => {
      await atSecondStep(page, world)
      await page.getByLabel('Code').fill('000000')
      await send(page, 'Continue')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'sign_in_with_a_passkey',
    as: 'nobody',
    open: async (page, world) => {
      await at('/sign-in')(page, world)
      await send(page, 'Use a passkey')
      await page.getByRole('heading', { name: 'Sign in with a passkey' }).waitFor()
    },
  },
]
