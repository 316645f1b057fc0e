// The pages of single sign-on in every state. The provider of the world says who comes.
import { openBrowser } from './accounts.ts'
import { at, atAlone, NEW, type State, send } from './page-ways.ts'
import { LONG, type World } from './page-world.ts'
import { signInByProvider } from './provider-sign-in.ts'

const START = '/oidc/start'

/** Goes to the provider, which knows somebody of this address, and comes back. */
const comeBack =
  (personOf: (world: World) => Readonly<Record<string, unknown>>, path = START): State['open'] =>
  (page, world) => {
    world.provider.say(personOf(world))
    return at(path)(page, world)
  }

const member = ({ accounts }: World) => ({
  sub: 'member',
  name: LONG,
  email: accounts.member.email,
  email_verified: true,
})

/** Somebody who may use no password comes back from the provider as another identity with their address. */
const meetOwnAddress: State['open'] = async (page, { alone, provider }) => {
  const founder = { name: 'Frida', email: 'frida@example.com', password: NEW, workspace: 'Bakery' }
  await openBrowser(alone.url).submit('/sign-up', founder)
  const email = 'paula@acme.example'
  const start = `${alone.url}${START}?provider=2`
  provider.say({ sub: 'paula of before', name: 'Paula', email, email_verified: true })
  await signInByProvider(openBrowser(alone.url), `${START}?provider=2`)
  provider.say({ sub: `paula ${Date.now()}`, name: 'Paula', email, email_verified: true })
  await page.goto(start)
}

export const SINGLE_SIGN_ON: readonly State[] = [
  { name: 'sign_in_with_a_password_where_there_is_a_provider', as: 'nobody', open: at('/sign-in/password') },
  { name: 'sign_in_while_the_provider_is_away', as: 'nobody', open: atAlone('/sign-in') },
  { name: 'sent_to_no_provider', as: 'nobody', open: at(`${START}?provider=7`) },
  { name: 'come_back_from_no_provider', as: 'nobody', open: at('/oidc/callback/7') },
  {
    name: 'come_back_with_an_address_that_is_not_verified',
    as: 'nobody',
    open: comeBack(() => ({ sub: 'nobody', email: 'nobody@example.com', email_verified: false })),
  },
  {
    name: 'account_that_is_to_be_proved',
    as: 'nobody',
    open: comeBack(member),
  },
  {
    name: 'account_that_was_not_proved',
    as: 'nobody',
    open: async (page, world) => {
      await comeBack(member)(page, world)
      await page.getByLabel('Password').fill('a slip')
      await send(page, 'Connect')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'account_that_a_mailed_link_proves', as: 'stranger', open: meetOwnAddress },
  {
    name: 'account_with_a_link_on_its_way',
    as: 'stranger',
    open: async (page, world) => {
      await meetOwnAddress(page, world)
      await send(page, 'Mail me the link')
      await page.getByRole('status').waitFor()
    },
  },
  { name: 'link_of_a_provider_that_is_over', as: 'nobody', open: at('/oidc/mailed/nothing') },
  {
    name: 'account_to_connect',
    as: 'member',
    open: comeBack(() => ({ sub: LONG }), `${START}?connect=yes`),
  },
  {
    name: 'account_without_a_password',
    as: 'newcomer',
    open: async (page, world) => {
      await comeBack(() => ({ sub: 'new', name: 'Nora', email: 'nora@acme.example', email_verified: true }))(
        page,
        world,
      )
      await at('/account')(page, world)
      await page.getByRole('heading', { name: 'Set a password' }).waitFor()
    },
  },
  {
    name: 'provider_that_is_the_last_way_in',
    as: 'newcomer',
    open: async (page, world) => {
      await comeBack(() => ({ sub: 'last', name: 'Lena', email: 'lena@acme.example', email_verified: true }))(
        page,
        world,
      )
      await at('/account')(page, world)
      await send(page, 'Disconnect Acme ID')
      await page.getByRole('alert').waitFor()
    },
  },
]
