// The page behind the unsubscribe link of a mail. Looking changes nothing, for mail scanners look at every link; posting
// acts at once, without a cookie or a sign-in (RFC 8058).
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ownCall } from '../../../shared/bus/headers.ts'
import type { Deps } from '../deps.ts'
import type { GatewayEnv } from '../http/env.ts'
import { type Ctx, type Page, send } from './layout.ts'
import { fieldsOf } from './posted.ts'

const PAGE_BUDGET_MS = 4_000

type Subscription = Readonly<{ workspace_name: string; email: string; subscribed: boolean }>

const subscriptionPage = ({ workspace_name, email, subscribed }: Subscription): Page => {
  const title = subscribed ? `Mail from ${workspace_name}` : `No more mail from ${workspace_name}`
  return {
    title,
    body: html`<form class="card" method="post">
      <h1>${title}</h1>
      <p>${
        subscribed
          ? html`${email} gets an email when a loop of this workspace ships.`
          : html`${email} gets no mail about shipped loops of this workspace.`
      }</p>
      <button class="wide" name="subscribed" value="${subscribed ? 'false' : 'true'}">${subscribed ? 'Unsubscribe' : 'Subscribe again'}</button>
    </form>`,
  }
}

/** The page, and both ways of posting to it: its own button, and a mail program's `List-Unsubscribe=One-Click`. */
export const unsubscribeRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const call = (c: Ctx) => ownCall(deps.clock, c.get('request_id') ?? deps.ids.next(), PAGE_BUDGET_MS)
  const show = async (c: Ctx, token: string): Promise<Response> =>
    send(c, subscriptionPage(await deps.notifier.get_subscription({ token }, call(c))))
  routes.get('/u/:token', (c) => show(c, c.req.param('token')))
  routes.post('/u/:token', async (c) => {
    const token = c.req.param('token')
    const subscribed = (await fieldsOf(c)).get('subscribed') === 'true'
    await deps.notifier.set_subscription({ token, subscribed }, call(c))
    return show(c, token)
  })
}
