// Pages of accounts and workspaces in other languages. They come last: the people who look stay in that language.
import { REDIRECT } from './oauth-client.ts'
import { at, consent, invitationOf, type State } from './page-ways.ts'
import type { World } from './page-world.ts'

/** Chooses a language for the owner. */
const speak = ({ accounts }: World, language: string): Promise<unknown> =>
  accounts.owner.browser.submit('/account/reading', { language, time_zone: '' })

export const LANGUAGE_STATES: readonly State[] = [
  {
    name: 'sign_in_in_arabic',
    as: 'nobody',
    open: async (page, world) => {
      await page.setExtraHTTPHeaders({ 'Accept-Language': 'ar' })
      await at('/sign-in')(page, world)
    },
  },
  {
    name: 'invitation_in_german',
    as: 'nobody',
    open: async (page, world) => {
      await page.setExtraHTTPHeaders({ 'Accept-Language': 'de' })
      await page.goto(await invitationOf(world, 'new.four@example.com'))
    },
  },
  {
    name: 'workspace_in_arabic',
    as: 'owner',
    open: async (page, world) => {
      await speak(world, 'ar')
      await at('/workspace')(page, world)
    },
  },
  { name: 'consent_in_arabic', as: 'owner', open: consent('Agent Smith', REDIRECT) },
  {
    name: 'webhooks_in_german',
    as: 'owner',
    open: async (page, world) => {
      await speak(world, 'de')
      await at('/workspace/webhooks')(page, world)
    },
  },
  { name: 'account_in_german', as: 'owner', open: at('/account') },
]
