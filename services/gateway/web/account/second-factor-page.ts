// A person's page of second factors: passkeys, the app for codes, recovery codes.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { countFactors, type Factors, type Passkey } from '../../accounts/factor-rules.ts'
import {
  type AddedFactor,
  beginCodeApp,
  type CodeSetup,
  confirmCodeApp,
  dropFactor,
  factorsOf,
  openSetup,
  renewRecovery,
  requestFactorMail,
} from '../../accounts/factors.ts'
import { passkeyToMake, savePasskey } from '../../accounts/passkeys.ts'
import { workspacesOf } from '../../accounts/person-rules.ts'
import { hasSecondFactor, type SessionMethod } from '../../accounts/session-rules.ts'
import type { SignedIn } from '../../accounts/sessions.ts'
import { offersPasskeys } from '../../accounts/way-in-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedOfAccount } from '../audited-forms.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { SECOND_FACTOR } from '../messages/second-factor.ts'
import { day, minute } from '../moments.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { secretOnce } from '../token-forms.ts'
import { codePicture } from './code-picture.ts'
import { codeInput, passkeyForm } from './proof-forms.ts'
import { requireRecent } from './re-authenticate.ts'

const PATH = '/account/second-factor'

type FactorWords = Words<(typeof SECOND_FACTOR)['en']>

type Shown = Readonly<{
  signedIn: SignedIn
  language: Language
  words: FactorWords
  factors: Factors
  offered: boolean
  /** The workspace whose pages are closed to this session, and others that are not. */
  required: Readonly<{ name: string; others: readonly Readonly<{ id: string; name: string }>[] }> | undefined
  recovery?: readonly string[] | undefined
  fault?: Fault | undefined
}>

const usedLine = (
  { language, words }: Shown,
  { created_at, last_used_at }: Pick<Passkey, 'created_at' | 'last_used_at'>,
): string => {
  const used = last_used_at
    ? words.say('used', { when: minute(last_used_at, language) })
    : words.word('not_used')
  return words.say('since', { day: day(created_at, language), used })
}

const removing = ({ words }: Shown, id: string, name: string): Html =>
  html`<form class="end" method="post" action="${PATH}/remove">
        <input type="hidden" name="factor" value="${id}">
        <button class="plain" aria-label="${words.say('remove_of', { name })}">${words.word('remove')}</button>
      </form>`

const passkeys = (shown: Shown): Html => {
  const { factors, offered, words } = shown
  return html`<section class="card" aria-labelledby="passkeys">
    <h2 id="passkeys">${words.word('passkeys')}</h2>
    <p class="small">${words.word('passkeys_lead')}</p>
    ${
      factors.passkeys.length === 0
        ? html`<p>${words.word('no_passkeys')}</p>`
        : html`<ul class="rows">${factors.passkeys.map(
            (
              one,
            ) => html`<li><span class="main">${words.isolate(one.name)}<span class="sub">${usedLine(shown, one)}</span></span>
      ${removing(shown, one.id, one.name)}</li>`,
          )}</ul>`
    }
    ${offered ? html`<p><a class="button second wide" href="${PATH}/passkey">${words.word('add_passkey')}</a></p>` : html`<p class="small">${words.word('not_offered')}</p>`}
  </section>`
}

const codeApp = (shown: Shown): Html => {
  const { factors, words } = shown
  const { code_app } = factors
  return html`<section class="card" aria-labelledby="app">
    <h2 id="app">${words.word('app')}</h2>
    <p class="small">${words.word('app_lead')}</p>
    ${
      code_app
        ? html`<ul class="rows"><li><span class="main">${words.word('app')}<span class="sub">${usedLine(shown, code_app)}</span></span>
      ${removing(shown, 'code_app', words.word('app'))}</li></ul>`
        : ''
    }
    <p><a class="button second wide" href="${PATH}/app">${words.word(code_app ? 'other_app' : 'set_up_app')}</a></p>
  </section>`
}

const recoveryCodes = ({ factors, words }: Shown): Html | '' =>
  countFactors(factors) === 0
    ? ''
    : html`<section class="card" aria-labelledby="recovery">
    <h2 id="recovery">${words.word('recovery')}</h2>
    <p class="small">${words.word('recovery_lead')}</p>
    <p>${words.plural('left', factors.recovery.length)}</p>
    <form method="post" action="${PATH}/recovery">
      <button class="second wide" aria-describedby="renew-hint">${words.word('renew')}</button>
      <p class="hint" id="renew-hint">${words.word('renew_lead')}</p>
    </form>
  </section>`

const newCodes = ({ recovery, words }: Shown): Html | '' =>
  recovery === undefined
    ? ''
    : secretOnce(
        words.word('keep_codes'),
        html`<p>${words.word('keep_codes_lead')}</p>
    <ul class="codes" data-recovery>${recovery.map((code) => html`<li><code>${code}</code></li>`)}</ul>`,
      )

/** Says that a workspace is closed to this session, and what opens it. */
const requirement = ({ required, factors, words }: Shown): Html | '' => {
  if (!required) return ''
  const { name: workspace, others } = required
  const proves = countFactors(factors) > 0
  const path = `/account/re-authenticate?${new URLSearchParams({ second: 'yes', to: PATH })}`
  return html`<div class="card"><p class="note warn">${words.say(proves ? 'required_prove' : 'required', { workspace })}</p>
    ${proves ? html`<p><a class="button wide" href="${path}">${words.word('prove')}</a></p>` : ''}
    ${others.map(
      ({
        id,
        name,
      }) => html`<form method="post" action="/account/workspace"><input type="hidden" name="workspace_id" value="${id}">
      <button class="plain">${words.say('show_other', { workspace: name })}</button></form>`,
    )}</div>`
}

const factorPage = (shown: Shown, isDone: boolean): Page => {
  const { signedIn, language, words, fault } = shown
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}</p>
    ${isDone ? html`<p class="note" role="status">${words.word('done_saved')}</p>` : ''}
    ${faultNote(fault, language)}
    ${requirement(shown)} ${newCodes(shown)} ${passkeys(shown)} ${codeApp(shown)} ${recoveryCodes(shown)}`,
  }
}

/** The workspace that this session may not look into, if the browser shows one. */
const requiredIn = async (
  deps: Deps,
  { person, membership, barred = [] }: SignedIn,
): Promise<Shown['required']> => {
  const [first] = barred
  if (membership !== undefined || first === undefined) return undefined
  const ids = workspacesOf(person)
  const workspaces = await deps.store.workspaces.findAll(ids)
  const name = workspaces.find(({ _id }) => _id === first)?.name ?? ''
  const others = workspaces.flatMap((one) =>
    barred.includes(one._id) ? [] : [{ id: one._id, name: one.name }],
  )
  return { name, others }
}

const show = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedIn,
  outcome: Pick<Shown, 'recovery' | 'fault'> = {},
): Promise<Response> => {
  const language = languageOf(signedIn.person.locale)
  const page = factorPage(
    {
      signedIn,
      language,
      words: wordsOf(SECOND_FACTOR, language),
      factors: await factorsOf(deps, signedIn.person._id),
      offered: offersPasskeys(deps.public_url),
      required: await requiredIn(deps, signedIn),
      ...outcome,
    },
    c.req.query('saved') !== undefined,
  )
  return send(c, page, formActionOf(outcome.fault))
}

/** Leads on after a factor was added, which its person has just proved. New recovery codes are shown at once, and only now. */
const added = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedIn,
  method: SessionMethod,
  { recovery }: AddedFactor,
): Promise<Response> => {
  await deps.store.sessions.prove(signedIn.session._id, deps.clock.now(), method)
  await requestFactorMail(deps, signedIn.person, 'added')
  if (recovery === undefined) return c.redirect(`${PATH}?saved`, 303)
  // The workspaces that this session was kept out of are open to it from now on.
  return show(c, deps, { ...signedIn, barred: [] }, { recovery })
}

const appPage = async (
  c: Ctx,
  signedIn: SignedIn,
  { secret, uri, setup }: CodeSetup,
  fault?: Fault,
): Promise<Response> => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(SECOND_FACTOR, language)
  const body = html`<h1>${words.word('set_up_app')}</h1>
    <p class="lead">${words.word('scan')} ${words.word('replaces')}</p>
    <div class="card">
      ${faultNote(fault, language)}
      ${codePicture(uri, words.word('picture'))}
      <p><span class="label">${words.word('key')}</span> <code class="code" data-secret="${secret}">${(secret.match(/.{1,4}/g) ?? []).join(' ')}</code></p>
      <form method="post" action="${PATH}/app">
        <input type="hidden" name="setup" value="${setup}">
        ${codeInput(language, fault, words.word('first_code'))}
        <button class="wide">${words.word('confirm')}</button>
      </form>
    </div>`
  return send(c, { title: words.word('set_up_app'), language, signedIn, body }, formActionOf(fault))
}

const confirmApp = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const [setup, code] = [form.get('setup') ?? '', form.get('code') ?? '']
  const confirm = () => confirmCodeApp(deps, signedIn.person, setup, code)
  const done = await attempt(() => auditedOfAccount(c, deps, signedIn, 'second_factor.added', confirm))
  if (done.ok) return added(c, deps, signedIn, 'code', done.value)
  const still = await attempt(async () => openSetup(deps, signedIn.person, setup))
  return still.ok
    ? appPage(c, signedIn, still.value, done.fault)
    : show(c, deps, signedIn, { fault: done.fault })
}

const askingOf = ({ session }: SignedIn) => ({ purpose: 'add', bound_to: session._id }) as const

const passkeyPage = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedIn,
  { name, fault }: Readonly<{ name?: string; fault?: Fault }> = {},
): Promise<Response> => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(SECOND_FACTOR, language)
  const options = await passkeyToMake(deps, signedIn.person, askingOf(signedIn))
  const fields = input(
    {
      name: 'name',
      label: words.word('passkey_name'),
      value: name ?? words.word('my_passkey'),
      autocomplete: 'off',
      hint: words.word('passkey_name_hint'),
      max: 200,
    },
    fault,
  )
  const button = words.word('add_passkey')
  const body = html`<h1>${button}</h1>
    <p class="lead">${words.word('passkeys_lead')}</p>
    <div class="card">${faultNote(fault, language)}
      ${passkeyForm(language, { action: `${PATH}/passkey`, options, kind: 'make', button, fields })}</div>`
  return send(c, { title: button, language, signedIn, body, passkeys: true }, formActionOf(fault))
}

const addPasskey = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const [name, answer] = [form.get('name') ?? '', form.get('credential') ?? '']
  const save = () => savePasskey(deps, signedIn.person, { name, answer, asking: askingOf(signedIn) })
  const done = await attempt(() => auditedOfAccount(c, deps, signedIn, 'second_factor.added', save))
  if (done.ok) return added(c, deps, signedIn, 'passkey', done.value)
  return passkeyPage(c, deps, signedIn, { name, fault: done.fault })
}

const remove = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const id = (await fieldsOf(c)).get('factor') ?? ''
  const drop = () => dropFactor(deps, signedIn.person, id)
  const done = await attempt(() => auditedOfAccount(c, deps, signedIn, 'second_factor.removed', drop))
  if (!done.ok) return show(c, deps, signedIn, { fault: done.fault })
  await requestFactorMail(deps, signedIn.person, 'removed')
  return c.redirect(`${PATH}?saved`, 303)
}

const renew = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const make = () => renewRecovery(deps, signedIn.person._id)
  const recovery = await auditedOfAccount(c, deps, signedIn, 'recovery_codes.made', make)
  await requestFactorMail(deps, signedIn.person, 'recovery_made')
  return show(c, deps, signedIn, { recovery })
}

/** The page of second factors, and what it leads to. Every change of them asks for a recent proof. */
export const secondFactorRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  type Work = (c: Ctx, deps: Deps, signedIn: SignedIn) => Promise<Response>
  /** For whoever proved a moment ago who they are, by their second factor where they have one. */
  const recently = (work: Work) =>
    signedInOnly(deps, async (c, _, signedIn) => {
      const owes =
        !hasSecondFactor(signedIn.session) && countFactors(await factorsOf(deps, signedIn.person._id)) > 0
      if (owes)
        return c.redirect(`/account/re-authenticate?${new URLSearchParams({ second: 'yes', to: PATH })}`, 303)
      return (await requireRecent(c, deps, signedIn)) ?? work(c, deps, signedIn)
    })
  routes.get(
    PATH,
    signedInOnly(deps, (c, _, signedIn) => show(c, deps, signedIn)),
  )
  routes.get(
    `${PATH}/app`,
    recently((c, _, signedIn) => appPage(c, signedIn, beginCodeApp(deps, signedIn.person))),
  )
  routes.post(`${PATH}/app`, recently(confirmApp))
  routes.get(
    `${PATH}/passkey`,
    recently((c, _, signedIn) => passkeyPage(c, deps, signedIn)),
  )
  routes.post(`${PATH}/passkey`, recently(addPasskey))
  routes.post(`${PATH}/remove`, recently(remove))
  routes.post(`${PATH}/recovery`, recently(renew))
  routes.post(
    '/account/workspace',
    signedInOnly(deps, async (c, _, { person, session }) => {
      const id = (await fieldsOf(c)).get('workspace_id') ?? ''
      if (person.memberships.some(({ workspace_id }) => workspace_id === id))
        await deps.store.sessions.show(session._id, id)
      return c.redirect('/', 303)
    }),
  )
}
