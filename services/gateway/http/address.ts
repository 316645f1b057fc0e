// Where a request came from. Forwarding headers are not believed: anybody can write them.
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** The address of the other end of the socket, or undefined when the request came over none. */
export const clientAddress = (c: Context): string | undefined => {
  try {
    return getConnInfo(c).remote.address
  } catch {
    return undefined
  }
}
