// Browsers that are known: somebody signed in there before, or opened the link of a mail. Their tries are counted apart, so
// that guesses from elsewhere never lock the person out
// (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Deps } from '../deps.ts'
import { portlessSiteCookie, siteCookie } from '../http/cookies.ts'
import { NEW_BROWSER_MAILS } from '../limits/policies.ts'
import { marked, unmarked } from '../secrets.ts'
import { requestAccountMail } from './account-mails.ts'
import type { Session } from './account-store.ts'
import { isConfirmed, type Person } from './person-rules.ts'

/** A known browser, and whose account it is known for. */
export type Device = Readonly<{ id: string; user_id: string }>

/** How long a browser is remembered after its last sign-in (s). */
const REMEMBERED_S = 365 * 24 * 60 * 60

const cookieName = ({ public_url }: Deps): string => portlessSiteCookie(public_url, 'loops_device')

/** How many people of one browser are remembered. */
const PEOPLE = 4
/** Between them in the cookie: in none of the marked texts. */
const BETWEEN = '~'

const tokensOf = (c: Context, deps: Deps): readonly string[] =>
  (getCookie(c, cookieName(deps)) ?? '').split(BETWEEN, PEOPLE)

const deviceIn = (deps: Deps, token: string): Device | undefined => {
  const [user_id, id] = unmarked(deps.secrets.device, token)?.split('.') ?? []
  return user_id !== undefined && id !== undefined ? { user_id, id } : undefined
}

/**
 * Remembers the browser of a request as one of this person's, beside others who use it. It outlives sessions, and signs
 * nobody in by itself.
 */
export const rememberDevice = (c: Context, deps: Deps, userId: string): void => {
  const others = tokensOf(c, deps).filter((token) => {
    const device = deviceIn(deps, token)
    return device !== undefined && device.user_id !== userId
  })
  const token = marked(deps.secrets.device, `${userId}.${deps.ids.next()}`)
  const value = [token, ...others].slice(0, PEOPLE).join(BETWEEN)
  setCookie(c, cookieName(deps), value, { ...siteCookie(deps.public_url), maxAge: REMEMBERED_S })
}

/** For whom the browser of a request is known. */
export const devicesOf = (c: Context, deps: Deps): readonly Device[] =>
  tokensOf(c, deps).flatMap((token) => deviceIn(deps, token) ?? [])

/**
 * Mails a person that they were signed in in a browser that is not known for them, unless their address may be a stranger's.
 * Whoever signs in without cookies again and again is not told each time.
 */
export const mailAboutNewBrowser = async (deps: Deps, person: Person, session: Session): Promise<void> => {
  if (!isConfirmed(person)) return
  if ((await deps.limits.spend(`new browsers told to ${person._id}`, NEW_BROWSER_MAILS)) > 0) return
  const { browser, system } = session.device ?? {}
  const facts = {
    at: session.created_at.toISOString(),
    address: session.address ?? '',
    ...(browser ? { browser } : {}),
    ...(system ? { system } : {}),
  }
  await requestAccountMail(deps, person, 'new_browser', { facts })
}
