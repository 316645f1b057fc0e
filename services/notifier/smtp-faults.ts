// What a failed try to hand over a mail means: whose fault it is, and whether it lasts. Pure. Sources: RFC 5321 and 3463, and
// the error codes of nodemailer.

/** A fault as the transport reports it. */
export type SmtpFault = Readonly<{
  message: string
  code?: string
  /** The system's error code, where the transport replaced it with its own. */
  originalCode?: string
  /** The command that was answered, such as `RCPT TO`; `CONN` for the connection itself. */
  command?: string
  /** What the server said, with its reply code. */
  response?: string
  responseCode?: number
  syscall?: string
  timeoutType?: string
}>

/**
 * What became of a mail. `refused`: it will never be taken, because of its recipient or its message. `deferred`: this one is not
 * taken now. `blocked`: no mail is taken now, because the server is `away`, or a setting of this installation
 * is wrong (`ours`).
 */
export type Outcome =
  | Readonly<{ outcome: 'accepted' }>
  | Readonly<{ outcome: 'refused'; reason: string; unknown_mailbox: boolean }>
  | Readonly<{ outcome: 'deferred'; reason: string }>
  | Readonly<{ outcome: 'blocked'; reason: string; by: 'away' | 'ours'; advice: string }>

const REASON_CHARS = 300

/**
 * Enhanced codes (RFC 3463 §3.2) that say that nobody can ever be reached there: no such mailbox, no such domain, no valid
 * address, moved without a new address, a domain that takes no mail (RFC 7505). Not among them are 5.1.0, 5.1.4 and 5.2.1,
 * which servers also give for existing mailboxes, and a 550 without a code, which is as often a matter of policy.
 */
const UNKNOWN_MAILBOX = /^5\d\d[ -]5\.1\.(1|2|3|6|10)\b/
/** No such sender, or no such domain of it (RFC 3463 §3.2). Many servers say so only at RCPT TO. */
const SENDER_REFUSED = /^5\d\d[ -]5\.1\.[78]\b/
/** Node's codes for certificates that cannot be trusted, and for an answer that is not TLS. */
const UNSAFE = /CERT|^ERR_(TLS|SSL)|^UNABLE_TO_(VERIFY|GET)/
/** Too large, or invalid: about the message, even when it is the answer to MAIL FROM (RFC 1870 §6.1). */
const ABOUT_MESSAGE = /^(552\b|5\d\d[ -]5\.(2\.3|3\.4|6\.\d+)\b)/

const ADVICE = {
  login: 'The mail server refuses the login; check the user and password in SMTP_URL.',
  tls: 'There is no safe connection to the mail server; check its certificate, and whether SMTP_URL should begin with smtps:.',
  first: 'The mail server wants a login or TLS before it takes mail; put user and password into SMTP_URL.',
  sender: 'The mail server refuses the sender; check MAIL_FROM, and that the login in SMTP_URL may use it.',
  reach: 'The mail server cannot be reached; check SMTP_URL and whether the server runs.',
  busy: 'The mail server takes no mail at present; wait, or ask whoever runs it.',
} as const
/** Many servers refuse the name only at RCPT TO, and name the command then. */
const NAME_REFUSED = /\b(EHLO|HELO)\b/i

const greetedAs = (name: string | undefined): string =>
  `The mail server refuses the name that it is greeted with (EHLO ${name ?? 'of this machine'}); put the full name of this machine into SMTP_URL, as ?name=loops.example.com.`

const lasting = ({ responseCode = 0 }: SmtpFault): boolean =>
  // 503 means that the session was out of step, not that the mail is bad.
  responseCode >= 500 && responseCode < 600 && responseCode !== 503

/** What stops every mail; undefined when the fault may concern this mail alone. */
const block = (
  fault: SmtpFault,
  name: string | undefined,
): Readonly<{ by: 'away' | 'ours'; advice: string }> | undefined => {
  const { code, originalCode = '', command = '', response = '', responseCode, syscall, timeoutType } = fault
  if (
    /^(EHLO|HELO)$/.test(command)
      ? responseCode !== undefined || response !== ''
      : NAME_REFUSED.test(response)
  )
    return { by: 'ours', advice: greetedAs(name) }
  if (command.startsWith('AUTH') || code === 'EAUTH' || code === 'ENOAUTH')
    return responseCode === undefined || lasting(fault)
      ? { by: 'ours', advice: ADVICE.login }
      : { by: 'away', advice: ADVICE.busy }
  if (code === 'ETLS' || UNSAFE.test(originalCode)) return { by: 'ours', advice: ADVICE.tls }
  if (responseCode === 530) return { by: 'ours', advice: ADVICE.first }
  if (SENDER_REFUSED.test(response)) return { by: 'ours', advice: ADVICE.sender }
  if (command === 'MAIL FROM' && responseCode !== undefined)
    return lasting(fault) ? { by: 'ours', advice: ADVICE.sender } : { by: 'away', advice: ADVICE.busy }
  if (
    code === 'EDNS' ||
    syscall === 'connect' ||
    (timeoutType !== undefined && timeoutType !== 'SOCKET_TIMEOUT')
  )
    return { by: 'away', advice: ADVICE.reach }
  // A refusal as greeting; and a connection that was closed before any command.
  if (/^(CONN|STARTTLS)$/.test(command) && responseCode !== undefined)
    return { by: 'away', advice: ADVICE.busy }
  return command === '' && code === 'ECONNECTION' ? { by: 'away', advice: ADVICE.reach } : undefined
}

/**
 * What a fault means for this mail, and for all others.
 * @param name that the server was greeted with; undefined for the machine's own.
 */
export const outcomeOf = (fault: SmtpFault, name?: string): Outcome => {
  const reason = (fault.response ?? fault.message).slice(0, REASON_CHARS)
  const answer = fault.response ?? ''
  const refused = {
    outcome: 'refused',
    reason,
    unknown_mailbox: fault.command === 'RCPT TO' && UNKNOWN_MAILBOX.test(answer),
  } as const
  if (ABOUT_MESSAGE.test(answer)) return refused
  const blocked = block(fault, name)
  if (blocked) return { outcome: 'blocked', reason, ...blocked }
  return lasting(fault) ? refused : { outcome: 'deferred', reason }
}
