// A person as the author of what they do, the same in every record and event. Pure.
import type { Caller } from './contract.ts'
import type { Actor } from './contracts/common.ts'

/** The person of a call, and the client that it came through. */
export const actorOf = ({ user_id, user_name, client_name }: Caller): Actor => ({
  user_id,
  name: user_name,
  client: client_name,
})
