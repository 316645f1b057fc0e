// The pages of a person's own account, but sign-in and tokens, in every state.
import { at, type State, send } from './page-ways.ts'

const DETAILS = '/account/details'

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
]
