// What people do with their second factors: apps for codes, recovery codes, removing and resetting. One write each.
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { seal, tryUnseal, unseal } from '../../../shared/process/sealing.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { CODES_PER_ACCOUNT } from '../limits/policies.ts'
import { sha256 } from '../secrets.ts'
import { requestAccountMail } from './account-mails.ts'
import {
  countFactors,
  type Factors,
  factorFault,
  isRecoveryCode,
  noFactors,
  normalizeCode,
  RECOVERY_CODES,
  recoveryCodeOf,
  removeFactor,
  setCodeApp,
  setRecovery,
  unreadableApp,
  useRecovery,
  useStep,
  wrongCode,
} from './factor-rules.ts'
import { isConfirmed, type Person, workspacesOf } from './person-rules.ts'
import type { SecondMethod } from './session-rules.ts'
import { codeSecretOf, codeUri, stepOfCode } from './totp-rules.ts'
import { hasWayIn, offersPasskeys } from './way-in-rules.ts'

/** How long a new secret may stay on the page before its first code is entered (ms). */
const SETUP_MS = 15 * 60_000
/** How many sealed secrets are read at once. */
const PAGE = 200

/** The second factors of a person. */
export const factorsOf = async ({ store }: Pick<Deps, 'store'>, userId: string): Promise<Factors> =>
  (await store.factors.find(userId)) ?? noFactors(userId)

/** Changes the factors of a person by one write. `decide` returns undefined where there is nothing to change. */
export const changeFactors = (
  deps: Deps,
  userId: string,
  decide: (factors: Factors) => Factors | undefined,
): Promise<Factors> =>
  untilSaved(async () => {
    const before = await factorsOf(deps, userId)
    const next = decide(before)
    if (next === undefined) return before
    return (await deps.store.factors.save(before, next)) ? next : undefined
  }, deps.ids.random)

/** Recovery codes, and the hashes that are kept of them. */
const newRecovery = ({ ids }: Pick<Deps, 'ids'>): Readonly<{ codes: string[]; hashes: string[] }> => {
  const codes = Array.from({ length: RECOVERY_CODES }, () => recoveryCodeOf(ids.token()))
  return { codes, hashes: codes.map((code) => sha256(normalizeCode(code))) }
}

/** What a new app for codes is set up with. `setup` carries the secret, sealed for this person, until its first code. */
export type CodeSetup = Readonly<{ secret: string; uri: string; setup: string }>

const setupOf = (userId: string): string => `setup of ${userId}`

const describeSetup = (deps: Deps, { email }: Person, secret: string, setup: string): CodeSetup => ({
  secret,
  uri: codeUri(secret, email, new URL(deps.public_url).host),
  setup,
})

/** Begins to set up an app for codes. Nothing is stored before its first code was entered. */
export const beginCodeApp = (deps: Deps, person: Person): CodeSetup => {
  const { ids, secrets, clock } = deps
  const secret = codeSecretOf(ids.token())
  const text = `${secret} ${clock.now().getTime()}`
  return describeSetup(
    deps,
    person,
    secret,
    seal(secrets.second_factors, setupOf(person._id), text, ids.token()),
  )
}

/**
 * The setup that a form carries.
 * @throws AppError `invalid_transition` when it is of somebody else, or was open for too long.
 */
export const openSetup = (deps: Deps, person: Person, setup: string): CodeSetup => {
  const over = () => factorFault('invalid_transition', 'setup_over')
  let text: string
  try {
    text = unseal(deps.secrets.second_factors, setupOf(person._id), setup)
  } catch {
    throw over()
  }
  const [secret = '', began_ms = ''] = text.split(' ')
  if (deps.clock.now().getTime() - Number(began_ms) > SETUP_MS) throw over()
  return describeSetup(deps, person, secret, setup)
}

/** Mails a person what happened to their second factor, unless their address may be a stranger's. */
export const requestFactorMail = async (
  deps: Deps,
  person: Person,
  change: 'added' | 'removed' | 'recovery_used' | 'recovery_made',
): Promise<void> => {
  if (isConfirmed(person))
    await requestAccountMail(deps, person, 'second_factor_changed', { facts: { change } })
}

/** What came of a new factor: the recovery codes, where it is the first one. They are shown once. */
export type AddedFactor = Readonly<{ recovery: readonly string[] | undefined }>

/** Adds a factor, with recovery codes where it is the first. */
export const addFactor = async (
  deps: Deps,
  userId: string,
  add: (factors: Factors) => Factors,
): Promise<AddedFactor> => {
  const { codes, hashes } = newRecovery(deps)
  let isFirst = false
  await changeFactors(deps, userId, (factors) => {
    isFirst = countFactors(factors) === 0
    const next = add(factors)
    return isFirst ? { ...next, recovery: hashes } : next
  })
  return { recovery: isFirst ? codes : undefined }
}

/**
 * Adds the app whose first code was entered. It replaces an earlier one.
 * @throws AppError `invalid_argument` for a wrong code; `invalid_transition`, `rate_limited`.
 */
export const confirmCodeApp = async (
  deps: Deps,
  person: Person,
  setup: string,
  typed: string,
): Promise<AddedFactor> => {
  const { secret } = openSetup(deps, person, setup)
  await deps.limits.countTry(`codes of ${person._id}`, CODES_PER_ACCOUNT)
  const now = deps.clock.now()
  const step = stepOfCode(secret, normalizeCode(typed), now)
  if (step === undefined) throw wrongCode()
  const sealed = seal(deps.secrets.second_factors, person._id, secret, deps.ids.token())
  const app = { sealed, last_step: step, created_at: now, last_used_at: now }
  const added = await addFactor(deps, person._id, (factors) => setCodeApp(factors, app))
  await deps.limits.forgetTries(`codes of ${person._id}`)
  return added
}

/**
 * Accepts a code of the person's app, or one of their recovery codes. Each is accepted once.
 * @throws AppError `invalid_argument` for a wrong or used one; `rate_limited`.
 */
export const proveByCode = async (deps: Deps, userId: string, typed: string): Promise<SecondMethod> => {
  const { limits, clock, secrets } = deps
  const tried = `codes of ${userId}`
  await limits.countTry(tried, CODES_PER_ACCOUNT)
  const code = normalizeCode(typed)
  const isRecovery = isRecoveryCode(code)
  await changeFactors(deps, userId, (factors) => {
    if (isRecovery) return useRecovery(factors, sha256(code))
    if (!factors.code_app) throw wrongCode()
    const now = clock.now()
    const opened = tryUnseal(secrets.second_factors, userId, factors.code_app.sealed)
    if (!opened) throw unreadableApp()
    return useStep(factors, stepOfCode(opened.secret, code, now), now)
  })
  await limits.forgetTries(tried)
  return isRecovery ? 'recovery_code' : 'code'
}

/** Replaces the recovery codes. They are shown once. */
export const renewRecovery = async (deps: Deps, userId: string): Promise<readonly string[]> => {
  const { codes, hashes } = newRecovery(deps)
  await changeFactors(deps, userId, (factors) =>
    countFactors(factors) === 0 ? undefined : setRecovery(factors, hashes),
  )
  return codes
}

/** Whether somebody can sign in with these factors, and whatever else they have. */
const hasWayWith = (
  { passwords_for, public_url, oidc }: Deps,
  person: Person,
  { passkeys }: Pick<Factors, 'passkeys'>,
): boolean =>
  hasWayIn(person, {
    passwords_for,
    passkey: passkeys.length > 0 && offersPasskeys(public_url),
    issuers: oidc.map(({ settings }) => settings.issuer),
  })

/**
 * Removes a passkey, or the app for codes (`code_app`).
 * @throws AppError `invalid_transition` for the last factor of somebody whose workspace requires one, and for a passkey that
 *   is the only way to sign in.
 */
export const dropFactor = async (deps: Deps, { _id }: Person, id: string): Promise<void> => {
  const person = await deps.store.people.byId(_id)
  if (!person) throw notFound('person', _id)
  const { requiring } = await deps.store.workspaces.closedAmong(workspacesOf(person))
  await changeFactors(deps, _id, (factors) => {
    const next = removeFactor(factors, id, requiring.length > 0)
    if (next && hasWayWith(deps, person, factors) && !hasWayWith(deps, person, next))
      throw factorFault('invalid_transition', 'last_way_in')
    return next
  })
}

/**
 * Removes all second factors of somebody who has lost them, for an operator who has made sure who asks. Their sessions,
 * connections and tokens stay.
 * @returns how many factors there were.
 */
export const resetSecondFactors = async (
  deps: Readonly<{ store: Pick<Deps['store'], 'factors'> }>,
  userId: string,
): Promise<number> => {
  const factors = await deps.store.factors.find(userId)
  if (factors) await deps.store.factors.remove(userId)
  return factors ? countFactors(factors) : 0
}

/** Seals again what is still sealed under an old secret; reads nothing while there is only one. */
export const resealFactors = async (deps: Deps): Promise<void> => {
  const { store, secrets, ids } = deps
  const keys = secrets.second_factors
  if (keys.length === 1) return
  for (let after: string | undefined; ; ) {
    const page = await store.factors.page(PAGE, after)
    for (const factors of page) {
      const { _id, code_app } = factors
      // One that no key opens is left as it is: it must keep no other from its turn.
      const opened = code_app && tryUnseal(keys, _id, code_app.sealed)
      // Factors that have changed meanwhile get their turn in the next run.
      if (code_app && opened && !opened.newest)
        await store.factors.save(
          factors,
          setCodeApp(factors, { ...code_app, sealed: seal(keys, _id, opened.secret, ids.token()) }),
        )
    }
    after = page.at(-1)?._id
    if (page.length < PAGE) return
  }
}

/** How many secrets of apps for codes still need an old secret of the installation. */
export const countFactorsUnderOld = async (
  { page }: Pick<Deps['store']['factors'], 'page'>,
  keys: Deps['secrets']['second_factors'],
): Promise<number> => {
  let count = 0
  for (let after: string | undefined; ; ) {
    const some = await page(PAGE, after)
    count += some.filter(
      ({ _id, code_app }) => code_app && tryUnseal(keys, _id, code_app.sealed)?.newest === false,
    ).length
    after = some.at(-1)?._id
    if (some.length < PAGE) return count
  }
}
