// Hands mails to the SMTP server, one transaction for each recipient, and reports its answer.
//
// Each recipient gets a mail at least once. They get it twice only when a sender dies or times out between the end of the
// message and the server's 250, since nobody can know then whether the server took it (RFC 1047). Both copies have the same
// Message-ID and Date, so many mail programs show one.
import { createTransport, type SendMailOptions } from 'nodemailer'
import type { Language } from '../../shared/contracts/define/language.ts'
import { within } from '../../shared/process/lifecycle.ts'
import type { Mailbox } from './addresses.ts'
import { type Outcome, outcomeOf, type SmtpFault } from './smtp-faults.ts'

/** A mail to one recipient, complete. */
export type Mail = Readonly<{
  /** With its angle brackets; the same at every try. */
  message_id: string
  date: Date
  from: Mailbox
  to: Mailbox
  subject: string
  text: string
  html: string
  /** The language that it is written in. */
  language: Language
  /** The message id that all mails about one thing refer to, so that mail programs show them together. */
  thread?: string
  /** What the headers of a mailing list say; absent for a mail that nobody can unsubscribe from. */
  list?: Readonly<{ id: string; name: string; unsubscribe_url: string }>
}>

export type Mailer = AsyncDisposable &
  Readonly<{
    /** Hands a mail over. The signal aborts it. */
    send: (mail: Mail, signal?: AbortSignal) => Promise<Outcome>
  }>

/** Connections to the server, each with one mail at a time. */
export const CONNECTIONS = 10
/**
 * How long the server may be silent, and how long a mail may take (ms). A server that scans a mail before it answers needs time,
 * and giving up on it makes a second copy (RFC 5321 §4.5.3.2.6); one that is gone should not hold a connection for long.
 */
const SILENCE_TIMEOUT_MS = 60_000
const SEND_TIMEOUT_MS = 180_000
/** How long closing waits for what is under way (ms): its sender has already waited. */
export const CLOSE_TIMEOUT_MS = 1_000

/** An encoded word has at most 75 characters (RFC 2047 §2). `=?UTF-8?B??=` takes 12 of them, which leaves 45 bytes as base64. */
const WORD_BYTES = 45

/**
 * A text as encoded words. Plain text that looks like an encoded word must be encoded itself (RFC 2047 §5): mail programs would
 * decode it and show what no filter has seen.
 */
const encodedWords = (text: string): string => {
  const words = ['']
  for (const character of text) {
    const last = words.length - 1
    if (Buffer.byteLength(`${words[last]}${character}`) > WORD_BYTES) words.push(character)
    else words[last] += character
  }
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ')
}
/** The transport encodes only what is not ASCII, so it would leave this as it is. */
const LOOKS_ENCODED = /=\?/
const subjectOf = (subject: string) =>
  LOOKS_ENCODED.test(subject)
    ? { headers: { Subject: { prepared: true, foldLines: true, value: encodedWords(subject) } } }
    : { subject, headers: {} }

/** The mail as the transport takes it. Addresses are objects and the envelope is given, so that no address is parsed. */
export const toMessage = (mail: Mail): SendMailOptions => {
  const { headers, ...subject } = subjectOf(mail.subject)
  return {
    messageId: mail.message_id,
    date: mail.date,
    from: mail.from,
    to: mail.to,
    envelope: { from: mail.from.address, to: mail.to.address },
    ...subject,
    text: mail.text,
    html: mail.html,
    ...(mail.thread === undefined ? {} : { references: mail.thread, inReplyTo: mail.thread }),
    headers: {
      ...headers,
      // Programs should not answer it (RFC 3834).
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': mail.language,
      ...(mail.list ? { 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : {}),
    },
    ...(mail.list
      ? {
          list: {
            id: { url: mail.list.id, comment: mail.list.name },
            unsubscribe: mail.list.unsubscribe_url,
          },
        }
      : {}),
    xMailer: false,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/**
 * Opens a pool of connections to the server of an `smtp:` or `smtps:` URL. Each is made when first needed.
 * @param name to greet the server with; undefined for that of this machine.
 */
export const createMailer = (url: string, name?: string): Mailer => {
  const transport = createTransport({
    url,
    ...(name === undefined ? {} : { name }),
    pool: true,
    maxConnections: CONNECTIONS,
    // The pool itself repeats only a mail that had not begun to leave when the server closed the connection.
    maxRequeues: 1,
    dnsTimeout: 5_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: SILENCE_TIMEOUT_MS,
  })
  // An error of an idle connection does not matter: the next mail opens another.
  transport.on('error', () => undefined)
  const underWay = new Set<Promise<unknown>>()
  return {
    send: async (mail, signal) => {
      const ends = [AbortSignal.timeout(SEND_TIMEOUT_MS), ...(signal ? [signal] : [])]
      const work = transport.sendMail({ ...toMessage(mail), signal: AbortSignal.any(ends) })
      underWay.add(work)
      try {
        await work
        return { outcome: 'accepted' }
      } catch (fault) {
        return outcomeOf(fault as SmtpFault, name)
      } finally {
        underWay.delete(work)
      }
    },
    [Symbol.asyncDispose]: async () => {
      const done = await within(CLOSE_TIMEOUT_MS, Promise.allSettled([...underWay]))
      transport.close({ force: !done })
    },
  }
}
