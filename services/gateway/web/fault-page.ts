// The page that people see when something goes wrong: in their language, and with what they had typed.
import { html } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { asAppError, ERROR_CODES } from '../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../shared/contracts/define/wording.ts'
import { pause } from '../../../shared/process/lifecycle.ts'
import type { Log } from '../../../shared/process/log.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import type { SignedIn } from '../accounts/sessions.ts'
import { FORM_BYTES } from '../http/forms.ts'
import { translatedError } from '../translated-errors.ts'
import { type Ctx, languageFor, send } from './layout.ts'
import { FAULT } from './messages/fault.ts'
import { refusedFieldsOf, saidIn, TEXT_FORM_BYTES } from './posted-forms.ts'
import { carriedIn, type Unsent, unsentForm, unsentTo } from './typed-texts.ts'

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

/** What may succeed when it is sent again just as it was. */
const PASSING: ReadonlySet<ReturnType<typeof kindOf>> = new Set(['too_many', 'away', 'broken'])

/**
 * What somebody has typed into the form that is refused, or into the one that their sign-in carries.
 * @param isCheap reads only a form of the usual size, since there are too many of them.
 */
const unsentIn = async (c: Ctx, isCheap: boolean): Promise<Unsent | undefined> => {
  const posted = await refusedFieldsOf(c, isCheap ? FORM_BYTES : TEXT_FORM_BYTES)
  const { pathname, search } = new URL(c.req.url)
  return posted && (carriedIn(posted.fields) ?? unsentTo(`${pathname}${search}`, posted))
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
    const isCheap = error.code === 'rate_limited'
    const signedIn = isCheap ? undefined : await whoLooksNow(deps, c)
    const unsent = await unsentIn(c, isCheap)
    const language = languageFor(c, signedIn)
    const words = wordsOf(FAULT, language)
    const { text, mark } = saidIn(error, language, error.message)
    const kind = kindOf(answered)
    const wait_ms = error.extras.retry_after_ms
    // To strangers the sentence itself says enough: there is no queue to look into.
    const body = html`<div class="card fault"><h1>${words.word(kind)}</h1>
      <p role="alert"${mark}>${text}</p>
      ${
        signedIn
          ? html`<p>${words.word(`${kind}_next`)}</p><p><a class="button" href="/">${words.word('to_queue')}</a></p>`
          : html`<p><a href="/">${words.word('to_front_page')}</a></p>`
      }</div>${unsent ? unsentForm(unsent, language, PASSING.has(kind)) : ''}`
    return send(
      c,
      { title: words.word(kind), language, body, signedIn, fault: true, ...(signedIn ? { board: {} } : {}) },
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
    faultPage(deps)(
      translatedError('not_found', (words) => words.word('nothing_here')),
      c,
    )
