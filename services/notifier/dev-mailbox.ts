// A mail server for development: it accepts every mail on the loopback address and keeps it for reading.
import type { AddressInfo } from 'node:net'
import type { ParsedMail } from 'mailparser'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'
import type { DevMail } from '../../shared/contracts/notifier/shapes.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'

export type DevMailboxDeps = Readonly<{
  /** Keeps a mail. @returns false when it is too large. */
  keep: (mail: DevMail) => Promise<boolean>
  clock: Clock
  ids: Ids
  log: Log
}>

/** A running mailbox, with the URL to send to. */
export type DevMailbox = AsyncDisposable & Readonly<{ url: string }>

/** Most bytes of a mail as sent. */
const MAX_MAIL_BYTES = 512 * 1_024

const unfold = (line: string): [string, string] => {
  const colon = line.indexOf(':')
  const value = line.slice(colon + 1).replace(/\r?\n[ \t]+/g, ' ')
  return [line.slice(0, colon).trim().toLowerCase(), value.trim()]
}

/** A parsed mail as it is kept. Its addresses are those of the envelope, where it really went. */
const toDevMail = (parsed: ParsedMail, session: SMTPServerSession, id: string, date: Date): DevMail => {
  const { mailFrom, rcptTo } = session.envelope
  return {
    id,
    date: date.toISOString(),
    to: rcptTo.map(({ address }) => address).join(', '),
    from: mailFrom === false ? '' : mailFrom.address,
    subject: parsed.subject ?? '',
    text: parsed.text ?? '',
    html: parsed.html || '',
    headers: Object.fromEntries(parsed.headerLines.map(({ line }) => unfold(line))),
  }
}

const refuse = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode })

/** Reads a mail to its end, even past the limit: the client reads the refusal only when it has sent everything. */
const read = async (stream: SMTPServerDataStream): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(chunk as Buffer)
  if (stream.sizeExceeded) throw refuse(552, `A mail can have at most ${MAX_MAIL_BYTES} bytes here`)
  return Buffer.concat(chunks)
}

/** Opens the mailbox on a free port of the loopback address. */
export const startDevMailbox = async ({ keep, clock, ids, log }: DevMailboxDeps): Promise<DevMailbox> => {
  const take = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    // Loaded with the first mail, as most of what a mailbox costs.
    const { simpleParser } = await import('mailparser')
    const parsed = await simpleParser(await read(stream), { skipTextToHtml: true, checksumAlgo: false })
    const mail = toDevMail(parsed, session, ids.next(), clock.now())
    if (!(await keep(mail))) throw refuse(552, 'The mail is too large to be kept')
    log.info('mail kept', { to: mail.to, subject: mail.subject })
  }
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_MAIL_BYTES,
    onData: (stream, session, done) => {
      take(stream, session).then(
        () => done(),
        (error: Error & { responseCode?: number }) => {
          log.warn('mail not kept', { error })
          done(error.responseCode === undefined ? refuse(451, 'The mail could not be kept now') : error)
        },
      )
    },
  })
  const listening = Promise.withResolvers<void>()
  server.on('error', (error) => {
    // Once it listens, this is a broken connection of one client, and rejecting does nothing.
    listening.reject(error)
    log.debug('mailbox connection failed', { error })
  })
  server.listen(0, '127.0.0.1', () => listening.resolve())
  await listening.promise
  const { port } = server.server.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
