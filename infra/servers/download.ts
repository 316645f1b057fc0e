// Downloads one file over HTTP(S), with a limit on every wait.
import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import http from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream/promises'

/** What to download, and within which limits. */
export type DownloadOptions = Readonly<{
  url: string
  /** The file to write; a failed download leaves it incomplete. */
  to: string
  /** The environment that names a proxy (`HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`). */
  env: Readonly<Record<string, string | undefined>>
  /** Longest wait for the first byte of the file, including redirects. */
  first_byte_ms?: number
  /** Longest wait for any later byte. */
  idle_ms?: number
  max_bytes?: number
  signal?: AbortSignal
  /** Called for every chunk; `total_bytes` is undefined if the host does not say. */
  onProgress?: (received_bytes: number, total_bytes: number | undefined) => void
}>

/** A completed download. */
export type Downloaded = Readonly<{ bytes: number; sha256: string }>

const MAX_REDIRECTS = 5

/**
 * Downloads a URL to a file.
 * @returns its size and SHA-256
 * @throws Error whose message says in a few words what the host did wrong
 */
export const download = async (options: DownloadOptions): Promise<Downloaded> => {
  const { first_byte_ms = 10_000, idle_ms = 30_000, max_bytes = 1e9 } = options
  const host = new URL(options.url).host
  const limit = new AbortController()
  const giveUp = (why: string) => limit.abort(new Error(`${host} ${why}`))
  let timer = setTimeout(giveUp, first_byte_ms, `sent nothing for ${first_byte_ms / 1000} s`)
  const signal = options.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, options.signal])
  try {
    const response = await follow(options.url, options.env, signal)
    const total = Number(response.headers['content-length']) || undefined
    const hash = createHash('sha256')
    let bytes = 0
    const count = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        clearTimeout(timer)
        timer = setTimeout(giveUp, idle_ms, `stopped sending for ${idle_ms / 1000} s`)
        bytes += chunk.length
        if (bytes > max_bytes) throw new Error(`${host} sends more than ${max_bytes} bytes`)
        hash.update(chunk)
        options.onProgress?.(bytes, total)
        yield chunk
      }
    }
    await pipeline(response, count, createWriteStream(options.to), { signal })
    if (total !== undefined && bytes !== total)
      throw new Error(`${host} ended after ${bytes} of ${total} bytes`)
    return { bytes, sha256: hash.digest('hex') }
  } catch (error) {
    throw limit.signal.aborted ? limit.signal.reason : explain(error, host)
  } finally {
    clearTimeout(timer)
  }
}

/** Follows at most five redirects, never from https to http. @returns the response with the file */
const follow = async (
  url: string,
  env: DownloadOptions['env'],
  signal: AbortSignal,
): Promise<IncomingMessage> => {
  let at = new URL(url)
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await get(at, env, signal)
    const { statusCode = 0, headers } = response
    if (statusCode === 200) return response
    response.destroy()
    if (statusCode < 300 || statusCode > 399 || headers.location === undefined) {
      throw new Error(`${at.host} answers ${statusCode}`)
    }
    const next = new URL(headers.location, at)
    if (at.protocol === 'https:' && next.protocol !== 'https:')
      throw new Error(`${at.host} redirects to plain http`)
    at = next
  }
  throw new Error(`${at.host} redirects too often`)
}

const get = (url: URL, proxyEnv: DownloadOptions['env'], signal: AbortSignal): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const { get: request, Agent } = url.protocol === 'https:' ? https : http
    const headers = { 'user-agent': 'loops', accept: '*/*' }
    request(url, { agent: new Agent({ proxyEnv }), headers, signal }, resolve).on('error', reject)
  })

/** A network error in words. It keeps the system's code, since people search for that. */
const explain = (error: unknown, host: string): Error => {
  const { code = '', message } = error as NodeJS.ErrnoException
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return new Error(`${host} cannot be found (${code})`)
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
    return new Error(`${host} broke off (${code})`)
  return message.includes(host) ? (error as Error) : new Error(`${host}: ${message || code}`)
}
