// Ways to pages, as people take them in a browser, and what they are given there. Knows no list of pages; see
// page-states.ts.
import type { Page } from 'playwright-core'
import { linkInMail, signUp } from './accounts.ts'
import { authorizationUrl, newPkce, registerApp } from './oauth-client.ts'
import type { Who, World } from './page-world.ts'

export const NEW = 'nine purple tricycles in a column'
/** The address of an account that `stranger` makes. */
export const UNCONFIRMED = 'una@example.com'
export const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'

export type State = Readonly<{ name: string; as: Who; open: (page: Page, world: World) => Promise<unknown> }>

export const at =
  (path: string | ((world: World) => string)) =>
  (page: Page, world: World): Promise<unknown> =>
    page.goto(new URL(typeof path === 'string' ? path : path(world), world.system.url).href)
export const atAlone =
  (path: string) =>
  (page: Page, { alone }: World): Promise<unknown> =>
    page.goto(`${alone.url}${path}`)

/** Sends the form without the browser's own checks, so that the server's answer is tested. */
export const send = async (page: Page, button: string): Promise<void> => {
  await page.evaluate(() => {
    for (const form of document.forms) form.noValidate = true
  })
  // The answer may come before the browser shows it, and until then the old page could be taken for the new one.
  await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: button }).click()])
}

/** The consent page of an app of this name and address. */
export const consent =
  (client_name: string, redirect: string, scope?: string) =>
  async (page: Page, { system }: World): Promise<void> => {
    const app = await registerApp(system.url, { client_name, redirect_uris: [redirect] })
    const asked = authorizationUrl(system.url, app, newPkce().challenge, { scope })
    await page.goto(asked.href)
  }

export const invitationOf = async ({ system, accounts }: World, email: string): Promise<string> => {
  const before = new Set((await system.mails()).map(({ text }) => text))
  await accounts.owner.browser.submit('/workspace/invite', { email, role: 'member' })
  return (await linkInMail(system, email, 'invitations', before)).href
}

export const memberNamed =
  (name: string) =>
  async (page: Page, world: World): Promise<void> => {
    await at('/workspace')(page, world)
    await page.getByRole('main').getByRole('link', { name, exact: true }).click()
    await page.waitForURL('**/workspace/members/*')
  }

export const resetLinkOf = async ({ system }: World, name: string): Promise<string> => {
  const { email, browser } = await signUp(system, { name })
  await browser.submit('/forgot', { email })
  return (await linkInMail(system, email, 'reset')).href
}
