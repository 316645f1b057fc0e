// Every page in every state, each as the way there in a browser; test/pages/every-page.test.ts looks at each.
import { confirmAddress, linkInMail, signUp } from './accounts.ts'
import { connectApp, REDIRECT } from './oauth-client.ts'
import { OWN_ACCOUNT } from './page-states-account.ts'
import { BOARD } from './page-states-board.ts'
import { FACTOR_STATES } from './page-states-factors.ts'
import { LANGUAGE_STATES } from './page-states-languages.ts'
import { SINGLE_SIGN_ON } from './page-states-oidc.ts'
import { CREDENTIALS } from './page-states-tokens.ts'
import {
  at,
  atAlone,
  consent,
  invitationOf,
  memberNamed,
  NEW,
  NOWHERE,
  resetLinkOf,
  type State,
  send,
  UNCONFIRMED,
} from './page-ways.ts'
import { LONG } from './page-world.ts'

const NEW_INSTALLATION: readonly State[] = [
  {
    name: 'front_page_before_the_setup_link',
    as: 'newcomer',
    open: (page, { reachable }) => page.goto(reachable.url),
  },
  {
    name: 'first_account_without_the_setup_link',
    as: 'newcomer',
    open: (page, { reachable }) => page.goto(`${reachable.url}/sign-up`),
  },
  { name: 'front_page_of_a_new_installation', as: 'newcomer', open: atAlone('/') },
  { name: 'first_account', as: 'newcomer', open: atAlone('/sign-up') },
  {
    name: 'first_account_made_where_no_loops_answer',
    as: 'founder',
    open: async (page, { alone }) => {
      await page.goto(`${alone.url}/sign-up`)
      for (const [label, text] of [
        ['Your name', 'Flo'],
        ['Email', 'flo@example.com'],
        ['Password', NEW],
        ['Name of the workspace', 'Flo & Co'],
      ] as const)
        await page.getByLabel(label).fill(text)
      await send(page, 'Create account')
      await page.getByText('cannot be shown').first().waitFor()
    },
  },
  { name: 'front_page_by_invitation', as: 'newcomer', open: atAlone('/') },
  { name: 'sign_up_by_invitation_only', as: 'newcomer', open: atAlone('/sign-up') },
  { name: 'service_away', as: 'newcomer', open: atAlone('/u/anything') },
  { name: 'list_of_a_service_that_is_away', as: 'founder', open: atAlone('/workspace/mails') },
]

const ACCOUNTS: readonly State[] = [
  { name: 'front_page', as: 'nobody', open: at('/') },
  { name: 'events', as: 'nobody', open: at('/events') },
  { name: 'sign_up', as: 'nobody', open: at('/sign-up') },
  {
    name: 'sign_up_with_a_fault',
    as: 'nobody',
    open: async (page, world) => {
      await at('/sign-up')(page, world)
      await page.getByLabel('Your name').fill(LONG)
      await page.getByLabel('Email').fill('no address')
      await send(page, 'Create account')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'sign_in', as: 'nobody', open: at('/sign-in') },
  { name: 'sign_in_for_an_app', as: 'nobody', open: consent('An app', REDIRECT) },
  {
    name: 'sign_in_with_an_error',
    as: 'nobody',
    open: async (page, world) => {
      await at('/sign-in')(page, world)
      await page.getByLabel('Email').fill('nobody@example.com')
      await page.getByLabel('Password').fill('a slip')
      await send(page, 'Sign in')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'sign_out', as: 'member', open: at('/sign-out') },
  {
    name: 'account_with_a_fault',
    as: 'member',
    open: async (page, world) => {
      await at('/account')(page, world)
      await page.getByLabel('Current password').fill('a slip')
      await page.getByLabel('New password').fill(NEW)
      await send(page, 'Change password')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'account_whose_address_is_not_confirmed',
    as: 'stranger',
    open: async (page, world) => {
      await at('/sign-up')(page, world)
      for (const [label, text] of [
        ['Your name', 'Una'],
        ['Email', UNCONFIRMED],
        ['Password', NEW],
        ['Name of the workspace', 'Una’s'],
      ] as const)
        await page.getByLabel(label).fill(text)
      await send(page, 'Create account')
      await at('/account')(page, world)
      await page.getByRole('heading', { name: 'Confirm your address' }).waitFor()
    },
  },
  {
    name: 'account_sent_too_many_mails',
    as: 'stranger',
    open: async (page, world) => {
      await at('/account')(page, world)
      // A span of the limit may end between two of them, so there are more tries than it allows.
      while (!(await page.getByRole('alert').isVisible())) await send(page, 'Send the email again')
    },
  },
  {
    name: 'confirmation_for_another_account',
    as: 'member',
    open: async (page, { system }) => page.goto((await linkInMail(system, UNCONFIRMED, 'confirm')).href),
  },
  {
    name: 'confirmation',
    as: 'stranger',
    open: async (page, { system }) => page.goto((await linkInMail(system, UNCONFIRMED, 'confirm')).href),
  },
  { name: 'confirmation_that_is_over', as: 'nobody', open: at('/confirm/nonsense') },
  { name: 'forgot', as: 'nobody', open: at('/forgot') },
  {
    name: 'forgot_with_a_fault',
    as: 'nobody',
    open: async (page, world) => {
      await at('/forgot')(page, world)
      await send(page, 'Send the email')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'forgot_and_asked',
    as: 'nobody',
    open: async (page, world) => {
      await at('/forgot')(page, world)
      await page.getByLabel('Email').fill('nobody@example.com')
      await send(page, 'Send the email')
    },
  },
  { name: 'reset', as: 'nobody', open: async (page, world) => page.goto(await resetLinkOf(world, 'Rae')) },
  {
    name: 'reset_with_a_fault',
    as: 'nobody',
    open: async (page, world) => {
      await page.goto(await resetLinkOf(world, 'Roy'))
      await page.getByLabel('New password').fill('short')
      await send(page, 'Save and sign in')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'reset_that_is_over', as: 'nobody', open: at('/reset/nonsense') },
]

const INVITATIONS: readonly State[] = [
  {
    name: 'invitation',
    as: 'nobody',
    open: async (page, world) => page.goto(await invitationOf(world, 'new.one@example.com')),
  },
  {
    name: 'invitation_with_a_fault',
    as: 'nobody',
    open: async (page, world) => {
      await page.goto(await invitationOf(world, 'new.two@example.com'))
      await send(page, 'Create account and join')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'invitation_for_another_address',
    as: 'viewer',
    open: async (page, world) => page.goto(await invitationOf(world, 'new.three@example.com')),
  },
  { name: 'invitation_that_is_over', as: 'nobody', open: at('/invitations/nonsense') },
]

const APPS: readonly State[] = [
  { name: 'consent_to_a_program_here', as: 'owner', open: consent('Agent <b>Smith</b>', REDIRECT) },
  { name: 'consent_to_a_site', as: 'owner', open: consent(LONG, 'https://app.example/oauth/callback') },
  {
    name: 'consent_to_a_scheme',
    as: 'member',
    open: consent('Cursor', 'cursor://anysphere.cursor-mcp/oauth/callback'),
  },
  { name: 'consent_of_a_viewer', as: 'viewer', open: consent('Reader', REDIRECT) },
  {
    name: 'consent_to_less',
    as: 'owner',
    open: async (page, world) => {
      await consent('Careful', REDIRECT)(page, world)
      await page.getByText('Allow less').click()
    },
  },
  {
    name: 'consent_to_approve',
    as: 'owner',
    open: consent('Approver', REDIRECT, 'loops:read loops:write loops:approve'),
  },
  {
    name: 'consent_to_nothing',
    as: 'owner',
    open: async (page, world) => {
      await consent('Nothing', REDIRECT)(page, world)
      await page.getByText('Allow less').click()
      for (const box of await page.getByRole('checkbox').all()) await box.check()
      await send(page, 'Allow')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'consent_that_is_over', as: 'owner', open: at(`/consent?request=${'x'.repeat(43)}`) },
  { name: 'authorization_that_cannot_be_answered', as: 'nobody', open: at('/authorize?client_id=unknown') },
  { name: 'no_apps', as: 'viewer', open: at('/apps') },
  {
    name: 'apps',
    as: 'owner',
    open: async (page, world) => {
      for (const client_name of ['Robot', LONG])
        await connectApp(world.system.url, world.accounts.owner, { metadata: { client_name } })
      await at('/apps')(page, world)
    },
  },
  {
    name: 'apps_of_which_one_may_approve',
    as: 'owner',
    open: async (page, world) => {
      await at('/apps')(page, world)
      await send(page, 'start on them, for Robot')
      await page.getByRole('button', { name: /^Take back.*for Robot$/ }).waitFor()
    },
  },
]

const WORK: readonly State[] = [
  { name: 'workspace_of_an_owner', as: 'owner', open: at('/workspace') },
  { name: 'workspace_of_a_viewer', as: 'viewer', open: at('/workspace') },
  { name: 'member', as: 'owner', open: memberNamed('Bo') },
  {
    name: 'member_oneself_as_the_last_owner',
    as: 'owner',
    open: async (page, world) => {
      await memberNamed('Ann')(page, world)
      await send(page, 'Leave Acme & Co')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'member_oneself', as: 'viewer', open: memberNamed('Vi') },
  {
    name: 'workspace_with_a_faulty_invitation',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace')(page, world)
      await page.getByRole('textbox', { name: 'Email' }).fill('no address')
      await send(page, 'Send invitation')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'workspace_with_faulty_settings',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace')(page, world)
      await page.getByLabel('Time zone').fill('Nowhere/Land')
      await page.getByRole('button', { name: 'Save' }).first().click()
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'workspace_with_faulty_limits_of_claims',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace')(page, world)
      await page.getByLabel('A claim lasts').fill('200')
      await page.getByLabel('The longest claim').fill('100')
      await page.getByRole('button', { name: 'Save' }).last().click()
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'one_of_several_workspaces',
    as: 'member',
    open: async (page, world) => {
      const host = await signUp(world.system, { name: 'Hal', workspace: LONG })
      await confirmAddress(world.system, host)
      const { owner: _, ...accounts } = world.accounts
      const link = await invitationOf(
        { ...world, accounts: { ...accounts, owner: host } },
        accounts.member.email,
      )
      await page.goto(link)
      await send(page, 'Join with this account')
      await page.waitForURL(`${world.system.url}/`)
    },
  },
  { name: 'consent_for_one_of_several_workspaces', as: 'member', open: consent('Chooser', REDIRECT) },
  { name: 'private_loop', as: 'owner', open: at(({ privateLoop }) => `/loops/${privateLoop}`) },
  { name: 'public_loop', as: 'owner', open: at(({ publicLoop }) => `/loops/${publicLoop}`) },
  { name: 'no_such_loop', as: 'owner', open: at(`/loops/${NOWHERE}`) },
]

const MAIL: readonly State[] = [
  { name: 'mail_to_me', as: 'owner', open: at('/workspace/mail') },
  { name: 'what_became_of_the_mails', as: 'owner', open: at('/workspace/mails') },
  {
    name: 'mail_preferences_by_the_link_of_a_mail',
    as: 'nobody',
    open: at(({ mailPreferences }) => mailPreferences),
  },
  { name: 'no_such_mail_preferences', as: 'nobody', open: at('/u/nonsense') },
  { name: 'mails', as: 'nobody', open: at('/dev/mail') },
  { name: 'a_mail', as: 'nobody', open: at(({ mailId }) => `/dev/mail/${mailId}`) },
  {
    name: 'a_muted_loop',
    as: 'nobody',
    open: async (page, world) => {
      await page.goto(world.mailPreferences)
      await send(page, 'Mute this loop')
      await page.getByRole('button', { name: /^Unmute/ }).waitFor()
    },
  },
  {
    name: 'no_more_mails',
    as: 'nobody',
    open: async (page, world) => {
      await page.goto(world.mailPreferences)
      await page.getByRole('radio', { name: 'None' }).check()
      await page.getByRole('checkbox', { name: /^Mentions/ }).uncheck()
      await send(page, 'Save')
      await page.getByRole('heading', { name: 'No more emails' }).waitFor()
    },
  },
]

const WEBHOOKS: readonly State[] = [
  { name: 'webhooks_for_members', as: 'member', open: at('/workspace/webhooks') },
  { name: 'no_webhooks', as: 'owner', open: at('/workspace/webhooks') },
  {
    name: 'refused_webhook',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace/webhooks')(page, world)
      await page.getByLabel('Address', { exact: true }).fill('https://10.0.0.1/')
      await send(page, 'Add webhook')
      await page.getByText('must be out in the internet').waitFor()
    },
  },
  {
    name: 'secret_of_a_webhook',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace/webhooks')(page, world)
      await page.getByLabel('Address', { exact: true }).fill(`https://hooks.example.com/${'x'.repeat(200)}`)
      await page.getByLabel('What it is for').fill(LONG)
      await send(page, 'Add webhook')
      await page.getByText('whsec_').waitFor()
    },
  },
  {
    name: 'calls_of_a_webhook',
    as: 'owner',
    open: async (page, world) => {
      await at('/workspace/webhooks')(page, world)
      await page.getByRole('button', { name: /^Send a test/ }).click()
      await page.getByRole('link', { name: /^Calls/ }).click()
      await page.getByRole('row', { name: /webhook\.tested/ }).waitFor()
    },
  },
]

/** Every state, in an order in which each can be reached. */
export const STATES: readonly State[] = [
  ...NEW_INSTALLATION,
  ...ACCOUNTS,
  ...OWN_ACCOUNT,
  ...INVITATIONS,
  ...APPS,
  ...CREDENTIALS,
  ...FACTOR_STATES,
  ...SINGLE_SIGN_ON,
  ...WORK,
  ...MAIL,
  ...WEBHOOKS,
  ...BOARD,
  ...LANGUAGE_STATES,
]
