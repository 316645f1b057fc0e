// Browsers that somebody has signed in with before, or opened a link of a mail in: their tries are counted by themselves, so
// that nobody who guesses elsewhere keeps the person out (https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies).
import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'
import type { Deps } from '../deps.ts'
import { marked, unmarked } from '../secrets.ts'

/** A browser that is known, and for whose account. */
export type Device = Readonly<{ id: string; user_id: string }>

const COOKIE = 'loops_device'
/** How long a browser is remembered after its last sign-in (s). */
const REMEMBERED_S = 365 * 24 * 60 * 60

const cookieName = ({ public_url }: Deps): string =>
  public_url.startsWith('https:') ? `__Host-${COOKIE}` : COOKIE

/** Remembers the browser of a request as one of this person's; it outlives sessions, and lets nobody in by itself. */
export const rememberDevice = (c: Context, deps: Deps, userId: string): void => {
  const token = marked(deps.secrets.device, `${userId}.${deps.ids.next()}`)
  setCookie(c, cookieName(deps), token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: deps.public_url.startsWith('https:'),
    maxAge: REMEMBERED_S,
  })
}

/** What is known of the browser of a request. */
export const deviceOf = (c: Context, deps: Deps): Device | undefined => {
  const [user_id, id] = unmarked(deps.secrets.device, getCookie(c, cookieName(deps)) ?? '')?.split('.') ?? []
  return user_id !== undefined && id !== undefined ? { user_id, id } : undefined
}
