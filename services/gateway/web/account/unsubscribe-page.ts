// The page of the unsubscribe link in mails. GET changes nothing, because mail scanners open every link; POST acts at once,
// without a cookie or a sign-in (RFC 8058).
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ownCall } from '../../../../shared/bus/headers.ts'
import { Id } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { type Ctx, type Html, languageFor, type Page, send } from '../layout.ts'
import { MAIL_PREFERENCES } from '../messages/mail-preferences.ts'
import { fieldsOf } from '../posted-forms.ts'
import { type MailPreference, preferenceForms, preferenceOf } from './mail-preferences-page.ts'

const PAGE_BUDGET_MS = 4_000

type Subscription = MailPreference &
  Readonly<{
    workspace_name: string
    email: string
    loop: Readonly<{ id: string; name: string }> | null
  }>

type PreferenceWords = Words<(typeof MAIL_PREFERENCES)['en']>

/** Mutes the loop that the mail was about. */
const muting = (
  { loop, muted, wants }: Subscription,
  action: string,
  event_id: string,
  words: PreferenceWords,
): Html | '' =>
  loop === null || wants === 'none' || muted.some(({ loop_id }) => loop_id === loop.id)
    ? ''
    : html`<form class="card" method="post" action="${action}"><h2>${words.isolate(loop.name)}</h2>
    <p>${words.word('stop_this')}</p>
    <button class="second wide" name="mute_event" value="${event_id}">${words.word('mute_this')}</button></form>`

const subscriptionPage = (
  language: Language,
  shown: Subscription,
  action: string,
  event_id: string,
): Page => {
  const { workspace_name: workspace, email, wants, mentions } = shown
  const words = wordsOf(MAIL_PREFERENCES, language)
  const title = words.say(wants === 'none' && !mentions ? 'no_more' : 'from', { workspace })
  const gets = mentions ? (`gets_${wants}_and_mentions` as const) : (`gets_${wants}` as const)
  return {
    title,
    language,
    body: html`<h1>${title}</h1>
    <p class="lead">${words.say(gets, { email })}</p>
    ${preferenceForms(language, shown, action, muting(shown, action, event_id, words))}`,
  }
}

/** The event of the mail that the link was in, if the link still has it. */
const eventOf = (c: Ctx): string | undefined => Id.safeParse(c.req.query('mail')).data

/** The page, posted to by its own forms and by mail programs (`List-Unsubscribe=One-Click`). */
export const unsubscribeRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const call = (c: Ctx) => ownCall(deps.clock, c.get('request_id') ?? deps.ids.next(), PAGE_BUDGET_MS)
  const show = async (c: Ctx, token: string): Promise<Response> => {
    const event_id = eventOf(c)
    const found = await deps.notifier.get_subscription(
      { token, ...(event_id === undefined ? {} : { event_id }) },
      call(c),
    )
    const action = event_id === undefined ? c.req.path : `${c.req.path}?mail=${event_id}`
    return send(c, subscriptionPage(languageFor(c), found, action, event_id ?? ''))
  }
  routes.get('/u/:token', (c) => show(c, c.req.param('token')))
  routes.post('/u/:token', async (c) => {
    const token = c.req.param('token')
    const asked = preferenceOf(await fieldsOf(c))
    // Whatever else is posted here means: unsubscribe, from the list that the mail belonged to.
    const none =
      c.req.query('list') === 'mentions' ? { mentions: false } : { wants: 'none' as const, mentions: false }
    const change = Object.keys(asked).length === 0 ? none : asked
    await deps.notifier.set_subscription({ token, ...change }, call(c))
    return show(c, token)
  })
}
