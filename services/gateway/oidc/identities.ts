// The accounts at identity providers that sign a person in: connected and disconnected, each with a mail. Knows no page.
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import { prepareAccountMail } from '../accounts/account-mails.ts'
import type { PersonEvent } from '../accounts/account-store.ts'
import { factorsOf } from '../accounts/factors.ts'
import { isActive, isConfirmed, type Person, type ProviderIdentity } from '../accounts/person-rules.ts'
import { hasWayIn, isSameIssuer, offersPasskeys, withoutIdentity } from '../accounts/way-in-rules.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { translatedError } from '../translated-errors.ts'

type Identity = Pick<ProviderIdentity, 'iss' | 'sub'>

/** Names an identity in a form. */
export const identityKey = ({ iss, sub }: Identity): string => sha256(`${iss} ${sub}`)

/** What people call the provider of an identity: its name, or its issuer where it is no longer one of this installation. */
export const providerName = ({ oidc }: Pick<Deps, 'oidc'>, { iss }: Pick<Identity, 'iss'>): string =>
  oidc.find(({ settings }) => isSameIssuer(settings.issuer, iss))?.settings.name ?? iss

/** The mail about a change, unless the address may be a stranger's. */
const mailAbout = async (
  deps: Deps,
  person: Person,
  change: 'connected' | 'disconnected',
  identity: Identity,
): Promise<readonly PersonEvent[]> =>
  isConfirmed(person)
    ? [
        await prepareAccountMail(deps, person, 'provider_changed', {
          facts: { change, provider: providerName(deps, identity) },
        }),
      ]
    : []

/** Connects an identity with an account that may be used. Repeating it changes nothing. */
export const connectIdentity = (
  deps: Deps,
  userId: string,
  { iss, sub }: Identity,
): Promise<Person | 'gone' | 'deactivated' | 'identity_taken'> =>
  untilSaved(async () => {
    const { people } = deps.store
    const person = await people.byId(userId)
    if (!person) return 'gone' as const
    if (!isActive(person)) return 'deactivated' as const
    if (person.identities?.some((one) => one.iss === iss && one.sub === sub)) return person
    // Nobody is told of a connection that cannot be made.
    if (await people.byIdentity(iss, sub)) return 'identity_taken' as const
    const mail = await mailAbout(deps, person, 'connected', { iss, sub })
    const added = await people.addIdentity(person, { iss, sub, at: deps.clock.now() }, mail)
    return added === 'stale' ? undefined : added
  }, deps.ids.random)

/**
 * Disconnects an identity from an account: it signs nobody in any more. Browsers that are signed in stay so.
 * @param key which one, see identityKey.
 * @throws AppError `not_found`; `forbidden` when its person could not sign in without it.
 */
export const disconnectIdentity = (deps: Deps, userId: string, key: string): Promise<Person> =>
  untilSaved(async () => {
    const person = await deps.store.people.byId(userId)
    const identity = person?.identities?.find((one) => identityKey(one) === key)
    if (!person || !identity) throw notFound('identity', key)
    const { passkeys } = await factorsOf(deps, userId)
    const has = {
      passwords_for: deps.passwords_for,
      passkey: passkeys.length > 0 && offersPasskeys(deps.public_url),
      issuers: deps.oidc.map(({ settings }) => settings.issuer),
    }
    if (!hasWayIn(withoutIdentity(person, identity), has)) {
      const provider = providerName(deps, identity)
      throw translatedError('forbidden', (words) =>
        words.say(deps.passwords_for === 'on' ? 'last_way_in' : 'last_way_in_for_good', { provider }),
      )
    }
    const mail = await mailAbout(deps, person, 'disconnected', identity)
    const saved = await deps.store.people.removeIdentity(person, identity, mail)
    return saved === 'stale' ? undefined : saved
  }, deps.ids.random)
