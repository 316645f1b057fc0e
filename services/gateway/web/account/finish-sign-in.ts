// The end of every sign-in: starts the session and leads on.
import { html } from 'hono/html'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ProviderSession } from '../../accounts/account-store.ts'
import { devicesOf, mailAboutNewBrowser } from '../../accounts/devices.ts'
import type { Person } from '../../accounts/person-rules.ts'
import type { SessionMethod, SignInMethod } from '../../accounts/session-rules.ts'
import { type SignedIn, startSession } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import { goOn, type Waiting } from '../flow.ts'
import { type Ctx, send } from '../layout.ts'
import { TYPED } from '../messages/typed.ts'
import { type Unsent, unsentForm } from '../typed-texts.ts'
import { askSecondStep, owesSecondFactor } from './second-step-page.ts'

/** What comes after a sign-in. */
export type AfterSignIn = Readonly<{
  /** What waits behind it. */
  waiting?: Waiting
  /** The session at an identity provider that this one ends with. */
  provider?: ProviderSession
  /** A form that waited for its sender to sign in. */
  unsent?: Unsent | undefined
  /**
   * Whether an identity provider says that it asked for two factors: then no further one is asked for. See
   * provesSecondFactor.
   */
  second_factor?: boolean
  /** The account was made a moment ago, in this browser. */
  fresh?: boolean
  /** Answers in place of going on to what waits, where the session starts at once: not after a second step. */
  then?: (signedIn: SignedIn) => Promise<Response>
}>

/** The form that waited for its sender to sign in. They look at it once more: somebody else may have signed in. */
const showUnsent = (c: Ctx, signedIn: SignedIn, unsent: Unsent): Promise<Response> => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(TYPED, language)
  const body = html`<div class="narrow"><h1>${words.word('signed_in')}</h1>
    <p class="lead">${words.word('signed_in_next')}</p>${unsentForm(unsent, language, true)}</div>`
  return send(c, { title: words.word('signed_in'), language, body, signedIn, board: {} })
}

/** Starts the session of somebody who has proved all that they owe, and leads on. */
export const startAndLead = async (
  c: Ctx,
  deps: Deps,
  person: Person,
  methods: readonly SessionMethod[],
  { waiting = {}, provider, unsent, then, fresh }: AfterSignIn,
): Promise<Response> => {
  // Whoever chose a new password by a mailed link has a mail about that.
  const isNews =
    !fresh &&
    !methods.includes('mailed_link') &&
    !devicesOf(c, deps).some(({ user_id }) => user_id === person._id)
  const session = await startSession(c, deps, person, methods, provider)
  deps.at('sign_in.session_started')
  if (isNews) await mailAboutNewBrowser(deps, person, session)
  const signedIn = { person, session, membership: person.memberships[0] }
  if (then) return then(signedIn)
  return unsent ? showUnsent(c, signedIn, unsent) : goOn(c, deps, session, waiting)
}

/**
 * Ends a sign-in: whoever has proved by `method` that they are `person` gets a session in this browser and is led on; before
 * that, whoever has a second factor is asked for it. Every way of signing in ends here.
 */
export const finishSignIn = async (
  c: Ctx,
  deps: Deps,
  person: Person,
  method: SignInMethod,
  after: AfterSignIn = {},
): Promise<Response> => {
  if (method !== 'passkey' && !after.second_factor && (await owesSecondFactor(deps, person)))
    return askSecondStep(c, deps, person, { method, ...after, waiting: after.waiting ?? {} })
  return startAndLead(
    c,
    deps,
    person,
    [method, ...(after.second_factor ? ['oidc_factor' as const] : [])],
    after,
  )
}
