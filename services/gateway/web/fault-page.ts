// The page that people see when something goes wrong.
import { html } from 'hono/html'
import { asAppError, ERROR_CODES } from '../../../shared/contracts/define/errors.ts'
import type { Log } from '../../../shared/process/log.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import { type Ctx, messagePage, send } from './layout.ts'

const NOT_FOUND = 'Not found'
const TITLES: Readonly<Record<number, string>> = {
  400: 'That did not work',
  403: 'That is not allowed',
  404: NOT_FOUND,
  429: 'Too many attempts',
  503: 'Back in a moment',
  504: 'Back in a moment',
}

/** An error as a page. Internal errors show only an id, which the log has with the cause. */
export const faultPage =
  (log: Log) =>
  async (fault: Error, c: Ctx): Promise<Response> => {
    const request_id = c.get('request_id')
    const error = asAppError(fault, request_id, mongoFault)
    if (error.code === 'internal') log.error('page failed', { request_id, error: fault })
    const status = ERROR_CODES[error.code].http
    const wait_ms = error.extras.retry_after_ms
    return send(c, messagePage(TITLES[status] ?? 'Something went wrong', error.message), {
      status,
      ...(wait_ms === undefined ? {} : { headers: { 'Retry-After': String(Math.ceil(wait_ms / 1_000)) } }),
    })
  }

/** A path at which there is nothing, as a page. */
export const notFoundPage = (c: Ctx): Promise<Response> =>
  send(
    c,
    messagePage(NOT_FOUND, html`There is nothing at this address. <a href="/">Go to the front page</a>`),
    {
      status: 404,
    },
  )
