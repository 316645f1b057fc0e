// The page on which a person changes their name and address.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { exportAccount } from '../../accounts/account-export.ts'
import { changeName, requestNewAddress } from '../../accounts/own-details.ts'
import type { SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedOfAccount } from '../audited-forms.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { DELETE_ACCOUNT } from '../messages/delete-account.ts'
import { DETAILS } from '../messages/details.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { afterProof } from './re-authenticate.ts'

type Form = 'name' | 'address'

/** What the page shows: what was done, what was wrong in which form, and what had been typed there. */
type Outcome = Readonly<{ done?: Form; fault?: Readonly<{ of: Form; fault: Fault; typed: string }> }>

type Part = Readonly<{
  signedIn: SignedIn
  language: Language
  words: Words<(typeof DETAILS)['en']>
  outcome: Outcome
}>

const faultOf = ({ outcome: { fault } }: Part, form: Form): Fault | undefined =>
  fault?.of === form ? fault.fault : undefined
const typedIn = ({ outcome: { fault } }: Part, form: Form): string | undefined =>
  fault?.of === form ? fault.typed : undefined

const nameForm = (part: Part): Html => {
  const { signedIn, language, words } = part
  const fault = faultOf(part, 'name')
  const value = typedIn(part, 'name') ?? signedIn.person.name
  return html`<section class="card" aria-labelledby="name-title">
      <h2 id="name-title">${words.word('name')}</h2>
      <p class="small">${words.word('name_lead')}</p>
      <form method="post" action="/account/details/name">
        ${faultNote(fault, language)}
        ${input({ name: 'name', label: words.word('your_name'), value, autocomplete: 'name', max: 200 }, fault)}
        <button class="wide">${words.word('save')}</button>
      </form>
    </section>`
}

const addressForm = (part: Part): Html => {
  const { signedIn, language, words } = part
  const fault = faultOf(part, 'address')
  const { email } = signedIn.person
  return html`<section class="card" aria-labelledby="address-title">
      <h2 id="address-title">${words.word('address')}</h2>
      <p class="small">${words.pieces('address_lead', { email: html`<strong>${email}</strong>` })}</p>
      <form method="post" action="/account/details/address">
        ${faultNote(fault, language)}
        ${input(
          {
            name: 'email',
            label: words.word('new_address'),
            type: 'email',
            value: typedIn(part, 'address') ?? '',
            autocomplete: 'email',
            max: 254,
          },
          fault,
        )}
        <button class="wide">${words.word('send_link')}</button>
      </form>
    </section>`
}

const data = ({ words, language }: Part): Html => html`<section class="card" aria-labelledby="data-title">
      <h2 id="data-title">${words.word('data')}</h2>
      <p class="small">${words.word('data_lead')}</p>
      <p><a class="button second" href="/account/export.json" download>${words.word('data_download')}</a></p>
      <p><a href="/account/delete">${wordsOf(DELETE_ACCOUNT, language).word('title')}</a></p>
    </section>`

const detailsPage = (signedIn: SignedIn, outcome: Outcome): Page => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(DETAILS, language)
  const part = { signedIn, language, words, outcome }
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    ${outcome.done ? html`<p class="note" role="status">${words.word(`done_${outcome.done}`)}</p>` : ''}
    ${nameForm(part)}
    ${addressForm(part)}
    ${data(part)}
    <p class="under"><a href="/account">${words.word('back')}</a></p>`,
  }
}

const again = (c: Ctx, signedIn: SignedIn, of: Form, fault: Fault, typed: string): Promise<Response> =>
  send(c, detailsPage(signedIn, { fault: { of, fault, typed } }), formActionOf(fault))

const saveName = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const typed = (await fieldsOf(c)).get('name') ?? ''
  const done = await attempt(() =>
    auditedOfAccount(c, deps, signedIn, 'account.changed', () => changeName(deps, signedIn.person, typed)),
  )
  return done.ok ? c.redirect('/account/details?saved', 303) : again(c, signedIn, 'name', done.fault, typed)
}

const askForAddress = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const typed = (await fieldsOf(c)).get('email') ?? ''
  const done = await attempt(() => requestNewAddress(deps, signedIn.person, typed))
  return done.ok ? c.redirect('/account/details?sent', 303) : again(c, signedIn, 'address', done.fault, typed)
}

const download = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const made = await auditedOfAccount(c, deps, signedIn, 'account.exported', () =>
    exportAccount(deps, signedIn.person),
  )
  return c.body(`${JSON.stringify(made, null, 2)}\n`, 200, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Disposition': 'attachment; filename="loops-account.json"',
    'Cache-Control': 'no-store',
  })
}

const doneOf = (c: Ctx): Outcome => {
  if (c.req.query('saved') !== undefined) return { done: 'name' }
  return c.req.query('sent') === undefined ? {} : { done: 'address' }
}

/** The page of a person's name and address, and its forms. */
export const detailRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(
    '/account/details',
    signedInOnly(deps, (c, _, signedIn) => send(c, detailsPage(signedIn, doneOf(c)))),
  )
  routes.get('/account/export.json', signedInOnly(deps, afterProof(download)))
  routes.post('/account/details/name', signedInOnly(deps, saveName))
  routes.post('/account/details/address', signedInOnly(deps, afterProof(askForAddress)))
}
