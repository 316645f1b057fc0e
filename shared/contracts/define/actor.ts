// A person as the author of what they do, the same in every record and event. Pure.

import type { Actor } from './common.ts'
import type { Caller } from './contract.ts'

/** The person of a call, and the client that it came through. */
export const actorOf = ({ user_id, user_name, client_name }: Caller): Actor => ({
  user_id,
  name: user_name,
  client: client_name,
})
