// The page that people see when something goes wrong: in their language and with their navigation, where they are signed in.
import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { AppError, asAppError, ERROR_CODES } from '../../../shared/contracts/define/errors.ts'
import { languageOf } from '../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../shared/contracts/define/wording.ts'
import { pause } from '../../../shared/process/lifecycle.ts'
import type { Log } from '../../../shared/process/log.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import type { SignedIn } from '../accounts/sessions.ts'
import { type Ctx, send } from './layout.ts'
import { FAULT } from './messages/fault.ts'

/** How long such a page waits to learn who looks at it (ms). Without an answer it comes without navigation. */
const WHO_MS = 1_000

export type FaultPageDeps = Readonly<{
  log: Log
  /** Who the browser of a request is signed in as. */
  whoLooks: (c: Ctx) => Promise<SignedIn | undefined>
}>

const kindOf = (status: number) => {
  if (status === 403) return 'forbidden'
  if (status === 404) return 'missing'
  if (status === 409) return 'conflict'
  if (status === 413 || status === 422) return 'too_large'
  if (status === 429) return 'too_many'
  if (status === 503 || status === 504) return 'away'
  return status < 500 ? 'invalid' : 'broken'
}

/** Who looks, if that can be said soon: what is wrong may be the database itself. */
const whoLooksNow = async ({ log, whoLooks }: FaultPageDeps, c: Ctx): Promise<SignedIn | undefined> => {
  const known = whoLooks(c).catch((error: unknown) => {
    log.debug('who looks at a page of an error is not known', { request_id: c.get('request_id'), error })
    return undefined
  })
  const answered = new AbortController()
  const late = pause(WHO_MS, answered.signal).then(() => undefined)
  try {
    return await Promise.race([known, late])
  } finally {
    answered.abort()
  }
}

/**
 * An error as a page. Internal errors show only an id, which the log has with the cause.
 * @param status overrides that of the table where HTTP has a better one.
 */
export const faultPage =
  (deps: FaultPageDeps) =>
  async (fault: Error, c: Ctx, status?: ContentfulStatusCode): Promise<Response> => {
    const request_id = c.get('request_id')
    const error = asAppError(fault, request_id, mongoFault)
    if (error.code === 'internal') deps.log.error('page failed', { request_id, error: fault })
    const answered = status ?? ERROR_CODES[error.code].http
    // What is refused because there is too much of it must stay cheap.
    const signedIn = error.code === 'rate_limited' ? undefined : await whoLooksNow(deps, c)
    const language = signedIn ? languageOf(signedIn.person.locale) : 'en'
    const words = wordsOf(FAULT, language)
    const kind = kindOf(answered)
    const wait_ms = error.extras.retry_after_ms
    // To strangers the sentence itself says enough: there is no queue to look into.
    const body = html`<div class="card fault"><h1>${words.word(kind)}</h1>
      <p role="alert" ${language === 'en' ? '' : html`lang="en" dir="ltr"`}>${error.message}</p>
      ${
        signedIn
          ? html`<p>${words.word(`${kind}_next`)}</p><p><a class="button" href="/">${words.word('to_queue')}</a></p>`
          : html`<p><a href="/">Go to the front page</a></p>`
      }</div>`
    return send(
      c,
      { title: words.word(kind), body, signedIn, fault: true, ...(signedIn ? { board: { language } } : {}) },
      {
        status: answered,
        ...(wait_ms === undefined ? {} : { headers: { 'Retry-After': String(Math.ceil(wait_ms / 1_000)) } }),
      },
    )
  }

/** A path at which there is nothing, as a page. */
export const notFoundPage =
  (deps: FaultPageDeps) =>
  (c: Ctx): Promise<Response> =>
    faultPage(deps)(new AppError('not_found', 'There is nothing at this address.'), c)
