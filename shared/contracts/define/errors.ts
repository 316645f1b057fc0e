// The closed table of errors, and the one error type that carries them. Knows no transport.

/** Every code that a caller can get: its HTTP status, whether the same call may succeed later, and what it means. */
export const ERROR_CODES = {
  invalid_argument: {
    http: 400,
    retryable: false,
    meaning: 'an argument is missing, of the wrong shape or out of range',
  },
  not_found: { http: 404, retryable: false, meaning: 'there is no such thing, or the caller may not see it' },
  forbidden: { http: 403, retryable: false, meaning: 'the caller may see it but may not do this' },
  invalid_transition: {
    http: 409,
    retryable: false,
    meaning: 'the status it has does not allow this change',
  },
  version_conflict: {
    http: 409,
    retryable: true,
    meaning: 'it changed since the version that the caller named',
  },
  idempotency_conflict: {
    http: 409,
    retryable: false,
    meaning: 'the idempotency key was used for another request',
  },
  claimed: { http: 409, retryable: true, meaning: 'somebody else is working on it; held_by says who' },
  claim_lost: { http: 409, retryable: false, meaning: 'the caller no longer holds it; stop working on it' },
  already_exists: { http: 409, retryable: false, meaning: 'there is one already' },
  limit_exceeded: { http: 422, retryable: false, meaning: 'a stated limit would be exceeded' },
  rate_limited: { http: 429, retryable: true, meaning: 'too many requests; wait retry_after_ms' },
  unavailable: { http: 503, retryable: true, meaning: 'a part of the system cannot answer now' },
  timeout: { http: 504, retryable: true, meaning: 'no answer in time; whether it was done is not known' },
  internal: {
    http: 500,
    retryable: false,
    meaning: 'a fault of the server; the message has its correlation id',
  },
} as const

/** A code of the closed table. */
export type ErrorCode = keyof typeof ERROR_CODES

/** What an error may carry besides its code and message. Each of `details` becomes a member of the body. */
export type ErrorExtras = {
  /** What to do next, one sentence. */
  hint?: string
  retry_after_ms?: number
  details?: Readonly<Record<string, unknown>>
  cause?: unknown
}

/** An error as it travels: over the bus, in an MCP tool result, in problem JSON. */
export type ErrorBody = {
  code: ErrorCode
  message: string
  retryable: boolean
  hint?: string
  retry_after_ms?: number
  [detail: string]: unknown
}

/** The one error that handlers and pure code throw on purpose; everything else becomes `internal` at the edge. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  readonly extras: ErrorExtras

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, { cause: extras.cause })
    this.code = code
    this.extras = extras
  }
}

/**
 * Anything thrown as an AppError: itself if it is one, else what `translate` makes of it, else `internal`, which shows
 * nothing of it but the id to look for in the log. The caller logs it, once.
 */
export const asAppError = (
  fault: unknown,
  request_id: string,
  translate: (fault: unknown) => AppError | undefined = () => undefined,
): AppError =>
  fault instanceof AppError
    ? fault
    : (translate(fault) ??
      new AppError('internal', `Something went wrong here; it was logged under ${request_id}.`, {
        details: { correlation_id: request_id },
        cause: fault,
      }))

/** Whether a value names a code of the table. */
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)

/** The form of an error that may leave the process: no stack, no cause. */
export const toErrorBody = (error: AppError): ErrorBody => ({
  ...error.extras.details,
  code: error.code,
  message: error.message,
  retryable: ERROR_CODES[error.code].retryable,
  ...(error.extras.hint === undefined ? {} : { hint: error.extras.hint }),
  ...(error.extras.retry_after_ms === undefined ? {} : { retry_after_ms: error.extras.retry_after_ms }),
})

/** What an error says, and what to do about it, as one text. */
export const textOf = ({ message, extras: { hint } }: AppError): string =>
  [message, hint].filter(Boolean).join(' ')

/** An error as the result of one of several things that a call asks for: the others go on. */
export const toItemError = ({ code, message, extras }: AppError) => ({ code, message, hint: extras.hint })

/** The error of a body. An unknown code, which a newer peer may send, becomes `internal`. */
export const fromErrorBody = (body: Partial<ErrorBody>): AppError => {
  const { code, message, retryable: _, hint, retry_after_ms, ...details } = body
  return new AppError(
    isErrorCode(code) ? code : 'internal',
    String(message ?? 'The service answered in a form that is not understood.'),
    {
      ...(typeof hint === 'string' ? { hint } : {}),
      ...(typeof retry_after_ms === 'number' ? { retry_after_ms } : {}),
      details,
    },
  )
}

/** The refusal of an id. It is the same for what is not there and for what the caller may not see. */
export const notFound = (noun: string, id: string): AppError =>
  new AppError('not_found', `There is no ${noun} ${id} that you can see.`, {
    details: { [`${noun}_id`]: id },
  })
