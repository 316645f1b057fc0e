// Who may make the first account, which owns the first workspace: on a loopback address whoever comes first, and elsewhere
// whoever can read the log of the installation, by a link that dies with its use.
import type { Deps } from '../deps.ts'
import { isLoopback } from '../http/host.ts'
import { mark, sameText } from '../secrets.ts'

type Setup = Pick<Deps, 'public_url' | 'secrets' | 'store'>

/** What the link carries: the same for all replicas, since it is made from the secret and the database's own id. */
const setupMark = async ({ secrets, store }: Setup): Promise<string> =>
  mark(secrets.setup[0], await store.installation.id())

/** How somebody can make an account of their own now: not at all, by the setup link alone, or freely. */
export type SignUpState = 'closed' | 'setup_link' | 'open'

/**
 * How accounts are made now, for somebody who brings this mark of a setup link, or none.
 */
export const signUpState = async (
  deps: Setup & Pick<Deps, 'sign_up'>,
  setup?: string,
): Promise<SignUpState> => {
  if (!(await deps.store.people.isEmpty())) return deps.sign_up === 'open' ? 'open' : 'closed'
  if (isLoopback(deps.public_url)) return 'open'
  return setup !== undefined && sameText(setup, await setupMark(deps)) ? 'open' : 'setup_link'
}

/** The link by which the first account is made; undefined when there is one, or when none is needed. */
export const setupUrl = async (deps: Setup): Promise<string | undefined> => {
  if (isLoopback(deps.public_url) || !(await deps.store.people.isEmpty())) return undefined
  return `${deps.public_url}/sign-up?setup=${await setupMark(deps)}`
}
