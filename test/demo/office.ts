// Signs up the two people and the four agents of the working day in a running system. It uses accounts, an invitation
// by mail, and OAuth for each agent.
import type { DevMail } from '../../shared/contracts/notifier/shapes.ts'
import { type Browser, openBrowser } from '../support/accounts.ts'
import { connectMcp, type Era, type McpClient } from '../support/mcp-client.ts'
import type { Say, Team } from './day-of-work.ts'
import { signUpByOperator } from './operator.ts'

/** A person with an account, at their browser. */
export type Person = Readonly<{ name: string; email: string; browser: Browser }>

export type Office = AsyncDisposable &
  Readonly<{ owner: Person; member: Person; team: Team; agents: readonly McpClient[] }>

/** The password of both people, who are fictitious. */
export const PASSWORD = 'seven seas and a short pier'
const AI_CONTEXT = `Fjordline sells ferry tickets. The repository is \`fjordline/shop\`; tests run with \`npm test\`.

- Amounts are whole øre.
- Times are instants with the zone \`Europe/Oslo\` beside them.
- No task is done without a test.`

const MAIL_PATIENCE_MS = 30_000

/** The mails of the built-in mailbox, newest first. @throws Error when this system sends real mail. */
export const readMails = async (url: string): Promise<readonly DevMail[]> => {
  const response = await fetch(new URL('/dev/mail.json', url))
  if (!response.ok) throw new Error('There is no /dev/mail here: start the system without SMTP_URL.')
  return (await response.json()) as readonly DevMail[]
}

/** Waits for `count` mails that `wanted` picks. */
export const awaitMails = async (
  url: string,
  count: number,
  wanted: (mail: DevMail) => boolean,
): Promise<readonly DevMail[]> => {
  const end = performance.now() + MAIL_PATIENCE_MS
  for (;;) {
    const mails = (await readMails(url)).filter(wanted)
    if (mails.length >= count) return mails
    if (performance.now() > end)
      throw new Error(`${mails.length} of ${count} mails came in ${MAIL_PATIENCE_MS / 1_000} s.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const WORKSPACE = 'Fjordline'

/** The path of the link in the newest mail to a person, under one part of the site. */
const linkTo = async (url: string, email: string, part: string): Promise<string> => {
  const link = new RegExp(`https?://\\S*(/${part}/[\\w.-]+)`)
  const [mail] = await awaitMails(url, 1, ({ to, text }) => to.includes(email) && link.test(text))
  return link.exec(mail?.text ?? '')?.[1] ?? ''
}

/** Signs up the first account by the page; later ones are created by the operator and confirmed by mail. */
const signUp = async (url: string, name: string, email: string): Promise<Person> => {
  const browser = openBrowser(new URL(url).origin)
  const account = { name, email, password: PASSWORD, workspace: WORKSPACE }
  const shown = await browser.submit('/sign-up', account)
  if (shown.url.pathname !== '/') {
    await signUpByOperator(url, { ...account, locale: 'en' })
    const { url: arrived } = await browser.submit('/sign-in', { email, password: PASSWORD })
    if (arrived.pathname !== '/') throw new Error(`${name} could not sign in: ${arrived}`)
    await browser.submit(await linkTo(url, email, 'confirm'), {})
  }
  return { name, email, browser }
}

const join = async (url: string, owner: Person, name: string, email: string): Promise<Person> => {
  await owner.browser.submit('/workspace/invite', { email, role: 'member' })
  const link = await linkTo(url, email, 'invitations')
  const browser = openBrowser(new URL(url).origin)
  const shown = await browser.submit(link, { name, password: PASSWORD })
  if (shown.url.pathname !== '/') throw new Error(`${name} could not join: ${shown.status} at ${shown.url}`)
  return { name, email, browser }
}

/** A person's agent, connected in an era of the protocol; its person allows it in the browser. */
const connectAgent = (url: string, person: Person, name: string, era: Era): Promise<McpClient> =>
  connectMcp(url, {
    era,
    name,
    browse: async (authorization) => {
      const consent = await person.browser.open(authorization)
      // The box is on the page, and ticked, when the agent asks to approve.
      const ticked = { decision: 'allow', further: 'loops:approve' }
      return (await person.browser.submit(consent.url, ticked)).url
    },
  })

/** Opens the office on a running system. Addresses are new each time, so that it can be opened again. */
export const openOffice = async (url: string, run: string, say: Say): Promise<Office> => {
  const owner = await signUp(url, 'Maren Åsnes', `maren.${run}@fjordline.example`)
  await owner.browser.submit('/workspace', {
    name: WORKSPACE,
    time_zone: 'Europe/Oslo',
    ai_context: AI_CONTEXT,
  })
  say(`${owner.name} made an account and the workspace Fjordline`)
  const member = await join(url, owner, 'Tarek بن علي', `tarek.${run}@fjordline.example`)
  say(`${member.name} joined by the link in the invitation mail`)
  const agents = await Promise.all([
    connectAgent(url, owner, 'Claude Code (planner)', 'modern'),
    connectAgent(url, owner, 'Codex (builder)', 'legacy'),
    connectAgent(url, member, 'Cursor (builder)', 'sdk1'),
    connectAgent(url, owner, 'Gemini CLI (builder)', 'auto'),
  ])
  const [planner, builderOfOwner, builderOfMember, quitter] = agents as [
    McpClient,
    McpClient,
    McpClient,
    McpClient,
  ]
  say(`four agents signed in: ${agents.map(({ name }) => name).join(', ')}`)
  return {
    owner,
    member,
    agents,
    team: { planner, builderOfOwner, builderOfMember, quitter },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(agents.map((agent) => agent[Symbol.asyncDispose]()))
    },
  }
}
