// Browsers that are known: somebody signed in there before, or opened the link of a mail. Their tries are counted apart, so
// that guesses from elsewhere never lock the person out
// (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Deps } from '../deps.ts'
import { portlessSiteCookie, siteCookie } from '../http/cookies.ts'
import { marked, unmarked } from '../secrets.ts'

/** A known browser, and whose account it is known for. */
export type Device = Readonly<{ id: string; user_id: string }>

/** How long a browser is remembered after its last sign-in (s). */
const REMEMBERED_S = 365 * 24 * 60 * 60

const cookieName = ({ public_url }: Deps): string => portlessSiteCookie(public_url, 'loops_device')

/** Remembers the browser of a request as one of this person's. It outlives sessions, and signs nobody in by itself. */
export const rememberDevice = (c: Context, deps: Deps, userId: string): void => {
  const token = marked(deps.secrets.device, `${userId}.${deps.ids.next()}`)
  setCookie(c, cookieName(deps), token, { ...siteCookie(deps.public_url), maxAge: REMEMBERED_S })
}

/** The browser of a request, if it is known. */
export const deviceOf = (c: Context, deps: Deps): Device | undefined => {
  const [user_id, id] = unmarked(deps.secrets.device, getCookie(c, cookieName(deps)) ?? '')?.split('.') ?? []
  return user_id !== undefined && id !== undefined ? { user_id, id } : undefined
}
