// The downloader against a local HTTP server that stands in for the download host.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DownloadOptions } from '../../../infra/servers/download.ts'
import { download } from '../../../infra/servers/download.ts'

const BODY = Buffer.alloc(300_000, 'loops')
let folder: string
let server: Server | undefined

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'download-'))
})

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  rmSync(folder, { recursive: true })
})

const serving = async (listener: RequestListener): Promise<string> => {
  const listening = createServer(listener)
  server = listening
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(listening.address() as AddressInfo).port}`
}

const fetching = (url: string, more: Partial<DownloadOptions> = {}) =>
  download({ url, to: join(folder, 'file'), env: {}, ...more })

test('saved_with_its_size_and_checksum', async () => {
  const base = await serving((_, answer) => answer.setHeader('content-length', BODY.length).end(BODY))
  const seen: [number, number | undefined][] = []
  const got = await fetching(`${base}/a`, { onProgress: (...progress) => seen.push(progress) })
  expect(got).toEqual({ bytes: BODY.length, sha256: createHash('sha256').update(BODY).digest('hex') })
  expect(readFileSync(join(folder, 'file')).equals(BODY)).toBe(true)
  expect(seen.at(-1)).toEqual([BODY.length, BODY.length])
})

test('redirects_followed_to_the_file', async () => {
  const base = await serving((request, answer) => {
    if (request.url === '/here') answer.end(BODY)
    else answer.writeHead(302, { location: '/here' }).end()
  })
  expect((await fetching(`${base}/a`)).bytes).toBe(BODY.length)
})

test('endless_redirects_refused', async () => {
  const base = await serving((_, answer) => answer.writeHead(302, { location: '/again' }).end())
  await expect(fetching(base)).rejects.toThrow(/redirects too often/)
})

test('absent_file_refused_with_the_status', async () => {
  const base = await serving((_, answer) => answer.writeHead(404).end('no'))
  await expect(fetching(base)).rejects.toThrow(/^127\.0\.0\.1:\d+ answers 404$/)
})

test('silent_host_given_up_before_the_first_byte', async () => {
  const base = await serving(() => {})
  await expect(fetching(base, { first_byte_ms: 50 })).rejects.toThrow(/sent nothing for 0.05 s/)
})

test('host_that_sends_headers_but_no_byte_given_up', async () => {
  const base = await serving((_, answer) => answer.writeHead(200, { 'content-length': 10 }).flushHeaders())
  await expect(fetching(base, { first_byte_ms: 50 })).rejects.toThrow(/sent nothing for 0.05 s/)
})

test('host_that_stops_sending_given_up', async () => {
  const base = await serving((_, answer) => {
    answer.writeHead(200, { 'content-length': BODY.length }).write(BODY.subarray(0, 1_000))
  })
  await expect(fetching(base, { idle_ms: 50 })).rejects.toThrow(/stopped sending for 0.05 s/)
})

test('transfer_cut_midway_refused', async () => {
  const base = await serving((_, answer) => {
    answer.writeHead(200, { 'content-length': BODY.length })
    answer.write(BODY.subarray(0, 1_000), () => answer.destroy())
  })
  await expect(fetching(base)).rejects.toThrow(/127\.0\.0\.1:\d+.*(broke off|aborted)/)
})

test('file_over_the_limit_refused', async () => {
  const base = await serving((_, answer) => answer.end(BODY))
  await expect(fetching(base, { max_bytes: 1_000 })).rejects.toThrow(/sends more than 1000 bytes/)
})

test('host_that_cannot_be_reached_named_in_the_refusal', async () => {
  const base = await serving(() => {})
  await new Promise((resolve) => server?.close(resolve))
  await expect(fetching(base)).rejects.toThrow(
    /127\.0\.0\.1:\d+.*ECONNREFUSED|ECONNREFUSED.*127\.0\.0\.1:\d+/,
  )
})

test('abort_ends_the_transfer', async () => {
  const stop = new AbortController()
  const base = await serving(() => stop.abort(new Error('asked to stop')))
  await expect(fetching(base, { signal: stop.signal })).rejects.toThrow()
})
