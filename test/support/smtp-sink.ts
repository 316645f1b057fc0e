// An SMTP server that keeps its mails and misbehaves on demand. It is also copied alone into a container
// (container-set.ts), so it imports nothing of this project.
import { createServer } from 'node:http'
import type { AddressInfo, Server, Socket } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerDataStream, type SMTPServerSession } from 'smtp-server'

/** A mail as it arrived. */
export type SinkMail = Readonly<{
  /** The envelope that the sender's server gave, whatever the headers say. */
  from: string
  to: readonly string[]
  subject: string
  text: string
  html: string
  messageId: string
  /** Every header line by its lower-case name, unfolded and decoded only as far as the parser does. */
  headers: Readonly<Record<string, string>>
  /** The whole message as it came over the wire. */
  raw: string
}>

/** The moment at which the sink may misbehave: a login, a sender or a recipient is named, or a whole message has arrived. */
export type SinkMoment = Readonly<{
  at: 'auth' | 'mail' | 'rcpt' | 'data'
  to: readonly string[]
  /** How many moments of this kind came before. */
  nth: number
}>

/**
 * A misbehaviour: a reply such as 451 (try later) or 550 (never), a good reply that comes late, or a connection cut without
 * a reply. A mail whose connection is cut at `data` is kept: it had arrived, only the sender does not know.
 */
export type SinkFault =
  | Readonly<{ reply: number; text?: string }>
  | Readonly<{ after: Promise<void> }>
  | 'cut'

/** A running sink. Disposing it cuts all connections. */
export type SmtpSink = AsyncDisposable &
  Readonly<{
    /** For SMTP_URL. */
    url: string
    /** The mails that arrived, oldest first. */
    mails: readonly SinkMail[]
    /** Decides from now on which moments go wrong; without an argument none. */
    misbehave: (decide?: (moment: SinkMoment) => SinkFault | undefined) => void
    /**
     * Waits until the mails fulfil a condition and returns them.
     * @throws Error that lists what has arrived, when they do not within the limit
     */
    waitFor: (
      isMet: (mails: readonly SinkMail[]) => boolean,
      limitMs?: number,
    ) => Promise<readonly SinkMail[]>
  }>

const WAIT_LIMIT_MS = 20_000
const MAX_MAIL_BYTES = 10 * 1024 * 1024

type Done = (error?: Error | null) => void

/** The open connections of a server by the port of the client. */
const connectionsOf = (server: Server): ReadonlyMap<number, Socket> => {
  const sockets = new Map<number, Socket>()
  server.on('connection', (socket: Socket) => {
    const number = socket.remotePort ?? 0
    sockets.set(number, socket)
    socket.on('close', () => sockets.delete(number))
  })
  return sockets
}

const respond = (fault: SinkFault | undefined, socket: Socket | undefined, done: Done): void => {
  if (fault === undefined) done()
  else if (typeof fault === 'object' && 'after' in fault) void fault.after.then(() => done())
  else if (fault === 'cut') socket?.destroy()
  else done(Object.assign(new Error(fault.text ?? 'refused'), { responseCode: fault.reply }))
}

/** A server that asks at each moment what goes wrong, and passes on the mails that arrive. */
const newServer = (
  tls: boolean,
  faultAt: (at: SinkMoment['at'], to: readonly string[]) => SinkFault | undefined,
  keep: (mail: SinkMail) => void,
) => {
  const reply = (fault: SinkFault | undefined, { remotePort }: SMTPServerSession, done: Done): void =>
    respond(fault, sockets.get(remotePort), done)
  const receive = async (stream: SMTPServerDataStream, session: SMTPServerSession, done: Done) => {
    const { mailFrom, rcptTo } = session.envelope
    const to = rcptTo.map(({ address }) => address)
    const mail = await parse(await readAll(stream), mailFrom ? mailFrom.address : '', to)
    const fault = faultAt('data', to)
    if (fault === undefined || fault === 'cut' || 'after' in fault) keep(mail)
    reply(fault, session, done)
  }
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: tls ? [] : ['STARTTLS'],
    size: MAX_MAIL_BYTES,
    onAuth: ({ username = '' }, session, done) =>
      reply(faultAt('auth', []), session, (fault) => done(fault ?? null, { user: username })),
    onMailFrom: (_, session, done) => reply(faultAt('mail', []), session, done),
    onRcptTo: ({ address }, session, done) => reply(faultAt('rcpt', [address]), session, done),
    onData: (stream, session, done) => void receive(stream, session, done).catch(done),
  })
  // A client that disconnects is no fault of the server.
  server.on('error', () => undefined)
  const sockets = connectionsOf(server.server)
  return { server, sockets }
}

/** Starts a sink; without options on a free port of this machine alone. */
export const startSmtpSink = async (
  options: Readonly<{
    host?: string
    port?: number
    /** Offers TLS with an untrusted certificate. */
    tls?: boolean
  }> = {},
): Promise<SmtpSink> => {
  const { host = '127.0.0.1', port = 0, tls = false } = options
  const mails: SinkMail[] = []
  const waiting = new Set<() => void>()
  const moments = { auth: 0, mail: 0, rcpt: 0, data: 0 }
  let decide: (moment: SinkMoment) => SinkFault | undefined = () => undefined
  const { server, sockets } = newServer(
    tls,
    (at, to) => decide({ at, to, nth: moments[at]++ }),
    (mail) => {
      mails.push(mail)
      for (const look of waiting) look()
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    url: `smtp://${host}:${(server.server.address() as AddressInfo).port}`,
    mails,
    misbehave: (next = () => undefined) => {
      decide = next
    },
    waitFor: (isMet, limitMs = WAIT_LIMIT_MS) => untilMet(mails, waiting, isMet, limitMs),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets.values()) socket.destroy()
      await new Promise<void>((resolve) => server.close(resolve))
    },
  }
}

const readAll = async (stream: SMTPServerDataStream): Promise<Buffer> => {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const parse = async (raw: Buffer, from: string, to: readonly string[]): Promise<SinkMail> => {
  const mail: ParsedMail = await simpleParser(raw)
  const lines = mail.headerLines.map(({ key, line }) => {
    const value = line.slice(line.indexOf(':') + 1)
    return [key, value.replace(/\r?\n\s+/g, ' ').trim()]
  })
  return {
    from,
    to,
    subject: mail.subject ?? '',
    text: mail.text ?? '',
    html: mail.html || '',
    messageId: mail.messageId ?? '',
    headers: Object.fromEntries(lines),
    raw: raw.toString('utf8'),
  }
}

const untilMet = (
  mails: readonly SinkMail[],
  waiting: Set<() => void>,
  isMet: (mails: readonly SinkMail[]) => boolean,
  limitMs: number,
): Promise<readonly SinkMail[]> =>
  new Promise((resolve, reject) => {
    const limit = setTimeout(() => {
      waiting.delete(look)
      const arrived = mails.map(({ to, subject }) => `${to.join(' ')}: ${subject}`).join('; ') || 'none'
      reject(
        new Error(`The mails that were waited for did not come in ${limitMs / 1000} s; arrived: ${arrived}`),
      )
    }, limitMs)
    const look = () => {
      if (!isMet(mails)) return
      clearTimeout(limit)
      waiting.delete(look)
      resolve([...mails])
    }
    waiting.add(look)
    look()
  })

/** Starts a sink on all addresses, and beside it an HTTP server that answers every request with the mails as JSON. */
export const serveSmtpSink = async (ports: Readonly<{ smtp: number; http: number }>): Promise<void> => {
  const sink = await startSmtpSink({ host: '0.0.0.0', port: ports.smtp })
  const http = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(sink.mails))
  })
  await new Promise<void>((resolve) => http.listen(ports.http, '0.0.0.0', resolve))
  console.log('The sink is ready')
}
