// Errors as HTTP answers: problem details (RFC 9457) with the members of the error table. An unknown fault is logged once,
// and none of its text leaves.
import type { ErrorHandler, NotFoundHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { AppError, asAppError, ERROR_CODES, toErrorBody } from '../../../shared/contracts/define/errors.ts'
import type { Log } from '../../../shared/process/log.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import type { GatewayEnv } from './env.ts'

/** An error as problem JSON. `status` overrides that of the table where HTTP has a better one. */
export const problem = (error: AppError, status: number = ERROR_CODES[error.code].http): Response => {
  const { message, ...body } = toErrorBody(error)
  const retry_after_ms = error.extras.retry_after_ms
  return Response.json(
    { title: ERROR_CODES[error.code].meaning, status, detail: message, ...body },
    {
      status,
      headers: {
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        ...(retry_after_ms === undefined ? {} : { 'Retry-After': String(Math.ceil(retry_after_ms / 1_000)) }),
      },
    },
  )
}

/** Answers an error that a route threw. */
export const onError =
  (log: Log): ErrorHandler<GatewayEnv> =>
  (fault, c) => {
    if (fault instanceof HTTPException && fault.status < 500) return fault.getResponse()
    const request_id = c.get('request_id')
    const error = asAppError(fault, request_id, mongoFault)
    if (error.code === 'internal') log.error('request failed', { request_id, error: fault })
    return problem(error)
  }

/** Answers a path without a route. */
export const onNotFound: NotFoundHandler<GatewayEnv> = () =>
  problem(new AppError('not_found', 'There is nothing at this address.'))
