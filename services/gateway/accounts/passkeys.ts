// Passkeys (https://www.w3.org/TR/webauthn-3/). Challenges are kept in the database, for one purpose of one browser, and taken
// by the first answer.
import type { VerifiedAuthenticationResponse, VerifiedRegistrationResponse } from '@simplewebauthn/server'
import * as z from 'zod'
import type { Deps } from '../deps.ts'
import { addPasskey, factorFault, type Passkey, usePasskey, wrongPasskey } from './factor-rules.ts'
import type { ChallengePurpose } from './factor-store.ts'
import { type AddedFactor, addFactor, changeFactors, factorsOf } from './factors.ts'
import { normalizeName, type Person } from './person-rules.ts'

/** How long an answer may take (ms). */
const CHALLENGE_MS = 5 * 60_000
/** The longest answer of a browser (characters). */
const ANSWER_CHARS = 16_384

/** Loaded with the first passkey: it is the largest of the gateway's packages, and many installations see none. */
const library = () => import('@simplewebauthn/server')

const rpId = ({ public_url }: Pick<Deps, 'public_url'>): string => new URL(public_url).hostname

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'base64url'))

/** Who answers, and for what: an answer counts only for this. */
export type Asking = Readonly<{ purpose: ChallengePurpose; bound_to: string }>

const newChallenge = async (
  { store, ids, clock }: Deps,
  asking: Asking,
): Promise<Uint8Array<ArrayBuffer>> => {
  const challenge = ids.token()
  const expires_at = new Date(clock.now().getTime() + CHALLENGE_MS)
  await store.challenges.insert({ _id: challenge, ...asking, expires_at })
  return bytesOf(challenge)
}

/** What a browser makes a new passkey by, as JSON. */
export const passkeyToMake = async (deps: Deps, person: Person, asking: Asking): Promise<string> => {
  const { passkeys } = await factorsOf(deps, person._id)
  const { generateRegistrationOptions } = await library()
  const options = await generateRegistrationOptions({
    rpName: 'Loops',
    rpID: rpId(deps),
    userName: person.email,
    userDisplayName: person.name,
    userID: Uint8Array.from(Buffer.from(person._id)),
    challenge: await newChallenge(deps, asking),
    timeout: CHALLENGE_MS,
    attestationType: 'none',
    excludeCredentials: passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  })
  return JSON.stringify(options)
}

/** What a browser asks for a passkey by, as JSON. @param userId undefined: of anybody. */
export const passkeyToAsk = async (
  deps: Deps,
  asking: Asking,
  userId: string | undefined,
): Promise<string> => {
  const passkeys = userId === undefined ? [] : (await factorsOf(deps, userId)).passkeys
  const { generateAuthenticationOptions } = await library()
  const options = await generateAuthenticationOptions({
    rpID: rpId(deps),
    challenge: await newChallenge(deps, asking),
    timeout: CHALLENGE_MS,
    allowCredentials: passkeys.map(({ id, transports }) => ({ id, transports: [...transports] })),
    userVerification: asking.purpose === 'second_step' ? 'preferred' : 'required',
  })
  return JSON.stringify(options)
}

const Base64 = z.base64url().max(ANSWER_CHARS)
const Answer = z.looseObject({
  id: Base64,
  rawId: Base64,
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: Base64, userHandle: Base64.nullish() }),
})
const ClientData = z.looseObject({ challenge: z.base64url().length(43) })
type Answer = z.infer<typeof Answer>

/** Reads what a browser answered, and takes its challenge. @throws AppError `forbidden`. */
const takeAnswer = async (deps: Deps, text: string, asking: Asking): Promise<[Answer, challenge: string]> => {
  if (text.length > ANSWER_CHARS) throw wrongPasskey()
  let answer: Answer
  let challenge: string
  try {
    answer = Answer.parse(JSON.parse(text))
    const data = Buffer.from(answer.response.clientDataJSON, 'base64url').toString()
    challenge = ClientData.parse(JSON.parse(data)).challenge
  } catch {
    throw wrongPasskey()
  }
  if (!(await deps.store.challenges.take({ _id: challenge, ...asking }, deps.clock.now())))
    throw wrongPasskey()
  return [answer, challenge]
}

/** Runs a check of the library, which throws whatever is wrong. */
const checked = async <T>(check: Promise<T>): Promise<T> => {
  try {
    return await check
  } catch {
    throw wrongPasskey()
  }
}

/**
 * Adds the passkey that a browser has made.
 * @throws AppError `forbidden` when its answer is not right; `invalid_argument`, `already_exists`, `limit_exceeded`.
 */
export const savePasskey = async (
  deps: Deps,
  person: Person,
  given: Readonly<{ name: string; answer: string; asking: Asking }>,
): Promise<AddedFactor> => {
  const name = normalizeName(given.name)
  if (!name) throw factorFault('invalid_transition', 'no_passkey_name')
  const [answer, expectedChallenge] = await takeAnswer(deps, given.answer, given.asking)
  const { verifyRegistrationResponse } = await library()
  const verified: VerifiedRegistrationResponse = await checked(
    verifyRegistrationResponse({
      // The library checks every member of it.
      response: answer as unknown as Parameters<typeof verifyRegistrationResponse>[0]['response'],
      expectedChallenge,
      expectedOrigin: deps.public_url,
      expectedRPID: rpId(deps),
      requireUserVerification: false,
    }),
  )
  if (!verified.verified) throw wrongPasskey()
  const { credential } = verified.registrationInfo
  const passkey: Passkey = {
    id: credential.id,
    name,
    public_key: Buffer.from(credential.publicKey).toString('base64url'),
    counter: credential.counter,
    transports: (credential.transports ?? []).slice(0, 10),
    created_at: deps.clock.now(),
    last_used_at: null,
  }
  return addFactor(deps, person._id, (factors) => addPasskey(factors, passkey))
}

/**
 * Accepts the answer of a passkey.
 * @param userId who it has to be of; undefined for a sign-in, where the passkey names its person.
 * @returns the person.
 * @throws AppError `forbidden` when it is not right.
 */
export const proveByPasskey = async (
  deps: Deps,
  text: string,
  asking: Asking,
  userId: string | undefined,
): Promise<string> => {
  const [answer, expectedChallenge] = await takeAnswer(deps, text, asking)
  const named = answer.response.userHandle
  const user_id = userId ?? (named ? Buffer.from(named, 'base64url').toString() : '')
  const { passkeys } = await factorsOf(deps, user_id)
  const known = passkeys.find(({ id }) => id === answer.id)
  if (!known || (named && Buffer.from(named, 'base64url').toString() !== user_id)) throw wrongPasskey()
  const { verifyAuthenticationResponse } = await library()
  const verified: VerifiedAuthenticationResponse = await checked(
    verifyAuthenticationResponse({
      response: answer as unknown as Parameters<typeof verifyAuthenticationResponse>[0]['response'],
      expectedChallenge,
      expectedOrigin: deps.public_url,
      expectedRPID: rpId(deps),
      credential: {
        id: known.id,
        publicKey: bytesOf(known.public_key),
        // The count is compared where it is saved, so that of two answers at once one loses.
        counter: 0,
        transports: [...known.transports],
      },
      requireUserVerification: asking.purpose !== 'second_step',
    }),
  )
  if (!verified.verified) throw wrongPasskey()
  const { newCounter } = verified.authenticationInfo
  await changeFactors(deps, user_id, (factors) => usePasskey(factors, known.id, newCounter, deps.clock.now()))
  return user_id
}
