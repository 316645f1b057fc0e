// Who may make the first account, which owns the first workspace: on a loopback address whoever comes first, elsewhere
// whoever can read the log of the installation, by a link that works once.
import type { Deps } from '../deps.ts'
import { isLoopback } from '../http/host.ts'
import { mark, sameText } from '../secrets.ts'

type Setup = Pick<Deps, 'public_url' | 'secrets' | 'store'>

/** The token in the link: the same on all replicas, since it is made from the secret and the installation's id. */
const setupMark = async ({ secrets, store }: Setup): Promise<string> =>
  mark(secrets.setup[0], await store.installation.id())

/** How somebody can make an account now: not at all, only with the setup link, or freely. */
export type SignUpState = 'closed' | 'setup_link' | 'open'

/** How somebody can make an account now. @param setup the token of a setup link, if they have one. */
export const signUpState = async (
  deps: Setup & Pick<Deps, 'sign_up' | 'passwords_for'>,
  setup?: string,
): Promise<SignUpState> => {
  if (!(await deps.store.people.isEmpty())) {
    // The account would have a password.
    return deps.sign_up === 'open' && deps.passwords_for === 'on' ? 'open' : 'closed'
  }
  if (isLoopback(deps.public_url)) return 'open'
  return setup !== undefined && sameText(setup, await setupMark(deps)) ? 'open' : 'setup_link'
}

/** The link for making the first account; undefined when that exists, or when no link is needed. */
export const setupUrl = async (deps: Setup): Promise<string | undefined> => {
  if (isLoopback(deps.public_url) || !(await deps.store.people.isEmpty())) return undefined
  return `${deps.public_url}/sign-up?setup=${await setupMark(deps)}`
}
