// Which mails of a workspace a person wants: the forms for it, and the page for people who are signed in.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, LIMITS } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { LoopRow } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { MailChoice } from '../../../../shared/contracts/notifier/shapes.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { MAIL_PREFERENCES } from '../messages/mail-preferences.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import { callOf, membersOnly, type SignedInMember } from '../workspace/workspace-page.ts'

/** A preference, as the notifier gives it. */
export type MailPreference = Readonly<{
  wants: MailChoice
  muted: readonly Readonly<{ loop_id: string; name: string }>[]
  mentions: boolean
}>

/** What a posted form asks for, as the notifier takes it. */
export type PreferenceForm = Readonly<{
  wants?: MailChoice
  mentions?: boolean
  mute_event?: string
  unmute_loop?: string
}>

const PATH = '/workspace/mail'

const CHOICES = ['all', 'mine', 'none'] as const satisfies readonly MailChoice[]

type PreferenceWords = Words<(typeof MAIL_PREFERENCES)['en']>

// A browser sends nothing for a box that is not ticked, and then the hidden value counts.
const mentionsBox = (
  { mentions }: MailPreference,
  words: PreferenceWords,
): Html => html`<input type="hidden" name="mentions" value="no">
    <label class="check"><input type="checkbox" name="mentions" value="yes" ${mentions ? 'checked' : ''}>
      <span>${words.word('mentions')}<span class="hint">${words.word('mentions_hint')}</span></span></label>`

const choice = (
  preference: MailPreference,
  words: PreferenceWords,
): Html => html`<fieldset class="field"><legend class="label">${words.word('about')}</legend>
      ${CHOICES.map(
        (
          one,
        ) => html`<label class="check"><input type="radio" name="wants" value="${one}" ${one === preference.wants ? 'checked' : ''}>
        <span>${words.word(one)}<span class="hint">${words.word(`${one}_hint`)}</span></span></label>`,
      )}
    </fieldset>
    ${mentionsBox(preference, words)}
    <button class="wide">${words.word('save')}</button>`

const mutedLoops = ({ muted }: MailPreference, action: string, words: PreferenceWords): Html | '' =>
  muted.length === 0
    ? ''
    : html`<section class="card" aria-labelledby="muted"><h2 id="muted">${words.word('muted')}</h2>
    <ul class="rows">${muted.map(
      ({ loop_id, name }) => html`<li><span class="main">${words.isolate(name)}</span>
      <form class="end" method="post" action="${action}"><input type="hidden" name="unmute_loop" value="${loop_id}">
        <button class="plain" aria-label="${words.say('unmute_loop', { loop: name })}">${words.word('unmute')}</button></form></li>`,
    )}</ul></section>`

/** The forms of a preference. Each posts to `action`; `more` stands between them. */
export const preferenceForms = (
  language: Language,
  preference: MailPreference,
  action: string,
  more: Html | '' = '',
): Html => {
  const words = wordsOf(MAIL_PREFERENCES, language)
  return html`<form class="card" method="post" action="${action}">${choice(preference, words)}</form>
    ${more} ${mutedLoops(preference, action, words)}`
}

/** What one of these forms asks for; empty for any other form. */
export const preferenceOf = (form: URLSearchParams): PreferenceForm => {
  const wants = CHOICES.find((one) => one === form.get('wants'))
  const mentions = form.getAll('mentions').at(-1)
  const [mute_event, unmute_loop] = [form.get('mute_event'), form.get('unmute_loop')]
  return {
    ...(wants === undefined ? {} : { wants }),
    ...(mentions === undefined ? {} : { mentions: mentions === 'yes' }),
    ...(mute_event === null ? {} : { mute_event }),
    ...(unmute_loop === null ? {} : { unmute_loop }),
  }
}

type Shown = MailPreference &
  Readonly<{
    email: string
    out_of_use: string | null
    /** Those that have not shipped yet. */
    loops: readonly LoopRow[]
  }>

const muting = ({ loops, muted, wants }: Shown, words: PreferenceWords): Html | '' => {
  const loud = loops.filter(({ id }) => !muted.some(({ loop_id }) => loop_id === id))
  if (wants === 'none' || loud.length === 0) return ''
  return html`<section class="card"><details><summary>${words.word('mute_unshipped')}</summary>
    <ul class="rows">${loud.map(
      ({ id, name }) => html`<li><span class="main">${words.isolate(name)}</span>
      <form class="end" method="post" action="${PATH}"><input type="hidden" name="mute_loop" value="${id}">
        <button class="plain" aria-label="${words.say('mute_loop', { loop: name })}">${words.word('mute')}</button></form></li>`,
    )}</ul></details></section>`
}

const outOfUse = ({ email, out_of_use }: Shown, words: PreferenceWords): Html | '' =>
  out_of_use === null
    ? ''
    : html`<section class="card" aria-labelledby="unreached"><h2 id="unreached">${words.word('unreached')}</h2>
    <p>${words.say('unreached_why', { email, reason: out_of_use })}</p>
    <form method="post" action="${PATH}/address"><button>${words.word('works_now')}</button></form></section>`

const preferencePage = (signedIn: SignedInMember, shown: Shown, fault: Fault | undefined): Page => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(MAIL_PREFERENCES, language)
  const lead = words.say('lead', { workspace: signedIn.membership.workspace_name })
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<p><a href="/workspace">${words.word('workspace')}</a></p>
    <h1>${words.word('title')}</h1><p class="lead">${lead}</p>
    ${faultNote(fault, language)} ${outOfUse(shown, words)} ${preferenceForms(language, shown, PATH, muting(shown, words))}`,
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedInMember, fault?: Fault): Promise<Response> => {
  const call = callOf(c, deps, signedIn)
  const [preference, loops] = await Promise.all([
    deps.notifier.get_my_subscription({}, call),
    deps.loops.list_loops({ limit: LIMITS.page }, call).catch((error: unknown) => {
      // The rest of the page is useful without them.
      if (error instanceof AppError) return { loops: [] }
      throw error
    }),
  ])
  const unshipped = loops.loops.filter(({ status }) => status !== 'shipped')
  return send(c, preferencePage(signedIn, { ...preference, loops: unshipped }, fault), formActionOf(fault))
}

/** What the form asks for. A loop can be muted only by those who see it, and is kept with its present name. */
const changeOf = async (c: Ctx, deps: Deps, signedIn: SignedInMember) => {
  const form = await fieldsOf(c)
  const asked = form.get('mute_loop')
  if (asked === null) return preferenceOf(form)
  const loop_id = checkInput(Id, asked)
  const { loop } = await deps.loops.list_loop_members({ loop_id }, callOf(c, deps, signedIn))
  return { mute_loop: { loop_id, name: loop.name } }
}

/** The page of one's own mail preference. */
export const mailPreferenceRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  const change = (ask: (c: Ctx, signedIn: SignedInMember) => Promise<unknown>) =>
    inside(async (c, _, signedIn) => {
      const done = await attempt(() => ask(c, signedIn))
      return done.ok ? c.redirect(PATH, 303) : show(c, deps, signedIn, done.fault)
    })
  routes.get(PATH, inside(show))
  routes.post(
    PATH,
    change(async (c, signedIn) =>
      deps.notifier.set_my_subscription(await changeOf(c, deps, signedIn), callOf(c, deps, signedIn)),
    ),
  )
  routes.post(
    `${PATH}/address`,
    change((c, signedIn) => deps.notifier.use_my_address({}, callOf(c, deps, signedIn))),
  )
}
