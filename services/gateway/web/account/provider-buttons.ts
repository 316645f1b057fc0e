// The buttons that lead to the identity providers, and what an account page says about them.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { within } from '../../../../shared/process/lifecycle.ts'
import type { Person } from '../../accounts/person-rules.ts'
import type { Deps } from '../../deps.ts'
import type { Provider } from '../../oidc/provider.ts'
import type { Waiting } from '../flow.ts'
import type { Html } from '../layout.ts'
import { OIDC } from '../messages/oidc.ts'

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

/** Issuers are spelled with and without a slash at the end. */
const bare = (issuer: string): string => issuer.replace(/\/$/, '')

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

/** Which providers sign a person in, and how to connect another. */
export const providersOfAccount = (
  { oidc }: Pick<Deps, 'oidc'>,
  { identities = [] }: Pick<Person, 'identities'>,
  language: Language,
): Html | '' => {
  const words = wordsOf(OIDC, language)
  const isConnected = ({ settings }: Provider): boolean =>
    identities.some(({ iss }) => bare(iss) === bare(settings.issuer))
  return oidc.length === 0
    ? ''
    : html`
    <section class="card" aria-labelledby="providers-title">
      <h2 id="providers-title">${words.word('sign_in_methods')}</h2>
      ${oidc.map((provider) => {
        const { id, name } = provider.settings
        const connect = html`<a class="button second" href="${addressOf(id, oidc.length, { connect: 'yes' })}">${words.say('connect_provider', { provider: name })}</a>`
        return html`<p>${isConnected(provider) ? words.say('connected', { provider: name }) : connect}</p>`
      })}
    </section>`
}
