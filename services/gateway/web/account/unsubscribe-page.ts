// The page of the unsubscribe link in mails. GET changes nothing, because mail scanners open every link; POST acts at once,
// without a cookie or a sign-in (RFC 8058).
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ownCall } from '../../../../shared/bus/headers.ts'
import { Id } from '../../../../shared/contracts/define/common.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { fieldsOf } from '../posted-forms.ts'
import { type MailPreference, preferenceForms, preferenceOf } from './mail-preferences-page.ts'

const PAGE_BUDGET_MS = 4_000

type Subscription = MailPreference &
  Readonly<{
    workspace_name: string
    email: string
    loop: Readonly<{ id: string; name: string }> | null
  }>

/** Mutes the loop that the mail was about. */
const muting = ({ loop, muted, wants }: Subscription, action: string, event_id: string): Html | '' =>
  loop === null || wants === 'none' || muted.some(({ loop_id }) => loop_id === loop.id)
    ? ''
    : html`<form class="card" method="post" action="${action}"><h2>${loop.name}</h2>
    <p>Stop emails about this loop only:</p>
    <button class="second wide" name="mute_event" value="${event_id}">Mute this loop</button></form>`

const LOOPS: Readonly<Record<MailPreference['wants'], string>> = {
  all: 'gets emails about every loop of this workspace that they can see',
  mine: 'gets emails about their own loops of this workspace',
  none: 'gets no emails about loops of this workspace',
}
const sentence = ({ wants, mentions }: MailPreference): string => {
  if (!mentions) return `${LOOPS[wants]}.`
  return wants === 'none'
    ? 'gets emails only when somebody mentions them.'
    : `${LOOPS[wants]}, and when somebody mentions them.`
}

const subscriptionPage = (shown: Subscription, action: string, event_id: string): Page => {
  const { workspace_name, email, wants, mentions } = shown
  const title =
    wants === 'none' && !mentions ? `No more emails from ${workspace_name}` : `Emails from ${workspace_name}`
  return {
    title,
    body: html`<h1>${title}</h1>
    <p class="lead">${email} ${sentence(shown)}</p>
    ${preferenceForms(shown, action, muting(shown, action, event_id))}`,
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
    return send(c, subscriptionPage(found, action, event_id ?? ''))
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
