// The buttons that lead to the identity providers, and what an account page says about them.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { within } from '../../../../shared/process/lifecycle.ts'
import type { Person } from '../../accounts/person-rules.ts'
import { isSameIssuer } from '../../accounts/way-in-rules.ts'
import type { Deps } from '../../deps.ts'
import { identityKey, providerName } from '../../oidc/identities.ts'
import type { Provider } from '../../oidc/provider.ts'
import type { Waiting } from '../flow.ts'
import type { Html } from '../layout.ts'
import { OIDC } from '../messages/oidc.ts'
import { type Fault, faultNote } from '../posted-forms.ts'

/** How long a page waits for a provider that was not asked yet (ms). */
const PAGE_WAITS_MS = 1_500

/** A provider as a page shows it. */
export type ShownProvider = Readonly<{ id: string; name: string; away: boolean; issuer: string }>

const show = async ({ settings, discover }: Provider): Promise<ShownProvider> => {
  const { id, name, issuer } = settings
  const discovered = discover()
  const isThere = (await within(PAGE_WAITS_MS, discovered)) && (await discovered) !== undefined
  return { id, name, issuer, away: !isThere }
}

/** The providers, and which of them cannot be reached. */
export const shownProviders = ({ oidc }: Pick<Deps, 'oidc'>): Promise<readonly ShownProvider[]> =>
  Promise.all(oidc.map(show))

const addressOf = (id: string, of: number, more: Readonly<Record<string, string>>): string => {
  const query = new URLSearchParams({ ...(of === 1 ? {} : { provider: id }), ...more }).toString()
  return query === '' ? '/oidc/start' : `/oidc/start?${query}`
}

/** A button for each provider; in place of one that is away, a sentence that says so. */
export const providerButtons = (
  providers: readonly ShownProvider[],
  language: Language,
  waiting: Waiting,
): Html | '' => {
  const words = wordsOf(OIDC, language)
  return providers.length === 0
    ? ''
    : html`<div class="card">${providers.map(({ id, name, away }) =>
        away
          ? html`<p class="note warn" role="status">${words.say('away', { provider: name })}</p>`
          : html`<p><a class="button wide" href="${addressOf(id, providers.length, waiting)}">${words.say('continue_with', { provider: name })}</a></p>`,
      )}</div>`
}

/** An identity as the account page shows it. */
type ShownIdentity = Readonly<{ key: string; name: string }>

const connected = ({ key, name }: ShownIdentity, language: Language): Html => {
  const words = wordsOf(OIDC, language)
  return html`<p>${words.say('connected', { provider: name })}</p>
      <form class="field" method="post" action="/account/providers/disconnect">
        <input type="hidden" name="identity" value="${key}">
        <p class="small">${words.word('disconnect_lead')}</p>
        <button class="second">${words.say('disconnect_provider', { provider: name })}</button>
      </form>`
}

/** Which providers sign a person in, how to disconnect them, and how to connect another. */
export const providersOfAccount = (
  deps: Pick<Deps, 'oidc'>,
  { identities = [] }: Pick<Person, 'identities'>,
  language: Language,
  fault: Fault | undefined,
): Html | '' => {
  const { oidc } = deps
  const words = wordsOf(OIDC, language)
  const others = oidc.filter(
    ({ settings }) => !identities.some(({ iss }) => isSameIssuer(iss, settings.issuer)),
  )
  return oidc.length === 0 && identities.length === 0
    ? ''
    : html`
    <section class="card" aria-labelledby="providers-title">
      <h2 id="providers-title">${words.word('sign_in_methods')}</h2>
      ${faultNote(fault, language)}
      ${identities.map((one) => connected({ key: identityKey(one), name: providerName(deps, one) }, language))}
      ${others.map(({ settings: { id, name } }) => {
        const address = addressOf(id, oidc.length, { connect: 'yes' })
        return html`<p><a class="button second" href="${address}">${words.say('connect_provider', { provider: name })}</a></p>`
      })}
    </section>`
}
