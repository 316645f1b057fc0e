// Where a request came from. Anybody can write forwarding headers, so only what known proxies added is believed.
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/**
 * Makes the function that tells a request's address: the other end of the socket, or, behind proxies, the address that
 * the outermost of them saw. Each proxy adds what it saw at the end of X-Forwarded-For, so that is the entry that many
 * from the end; what the client wrote itself stands before it and is not looked at.
 * @param trusted_proxies how many proxies every request passes.
 * @returns undefined when the request came over no socket, or past fewer proxies than were promised.
 */
export const clientAddress =
  (trusted_proxies: number) =>
  (c: Context): string | undefined => {
    if (trusted_proxies > 0) return forwarded(c)?.at(-trusted_proxies)
    try {
      return getConnInfo(c).remote.address
    } catch {
      return undefined
    }
  }

const forwarded = (c: Context): string[] | undefined =>
  c.req
    .header('x-forwarded-for')
    ?.split(',')
    .map((entry) => entry.trim())
