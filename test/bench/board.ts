// The pages of the board: their time in a small workspace and in a large one, their size, and what open pages cost a gateway.
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { type Account, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { startProcess } from './gateway.ts'
import type { Size } from './grown.ts'
import { connect, openWorkspace } from './growth.ts'
import { type Pair, pair, sample } from './measure.ts'
import { cpuOf } from './processes.ts'
import type { Servers } from './servers.ts'

/** A workspace of a few people, and one with what the pages must bear: 500 loops, and 10,000 tasks to triage. */
export const SMALL: Size = { loops: 20, tasks: 220 }
export const LARGE: Size = { loops: 500, tasks: 15_000 }
const PAGES = ['/', '/triage', '/activity', '/agents', '/search?q=task'] as const
const ROUNDS = 5
const RUNS = 12

/** Open pages of one gateway, and how many browsers they are in. */
export const OPEN_PAGES = 1_000
const BROWSERS = 40
/** How long they are watched (ms). */
const WATCHED_MS = 20_000

/** A page: `a` in the large workspace, `b` in the small one, and its size there (bytes, compressed). */
type PageFigures = Pair & Readonly<{ page: string; large_bytes: number; small_bytes: number }>

export type BoardFigures = Readonly<{
  pages: readonly PageFigures[]
  /** What a key press in triage asks for, and the smallest page that needs an answer over the bus: `a` and `b`. */
  next_task: Pair
  idle: Readonly<{ pages: number; memory_mb: number; cpu_share: number }>
}>

const compressed = async ({ browser }: Account, page: string): Promise<number> => {
  const { status, text } = await browser.open(page)
  if (status !== 200) throw new Error(`${page} answers ${status}`)
  return gzipSync(text).length
}

/** Memory (MB) and processor time (s) of a process. */
const usageOf = ({ pid }: ChildProcess): Readonly<{ memory_mb: number; cpu_s: number }> => {
  const [, kb = '0'] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return { memory_mb: Number(kb) / 1_024, cpu_s: cpuOf(Number(pid)) }
}

/** Opens a stream and leaves it open. */
const openStream = (url: URL, cookie: string, from: string): Promise<() => void> =>
  new Promise((resolve, reject) => {
    const asked = request(url, { headers: { cookie, 'x-forwarded-for': from } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`a stream answers ${response.statusCode}`))
      response.once('data', () => resolve(() => asked.destroy()))
      response.on('error', () => {})
    })
    asked.on('error', reject)
    asked.end()
  })

const signedIn = async (url: string, { email, password }: Account, from: string) => {
  const body = new URLSearchParams({ email, password })
  const headers = { 'x-forwarded-for': from }
  const answer = await fetch(`${url}/sign-in`, { method: 'POST', body, headers, redirect: 'manual' })
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const page = await (await fetch(`${url}/`, { headers: { ...headers, cookie } })).text()
  const [, live = ''] = /data-live="([^"]+)"/.exec(page) ?? []
  return { cookie, live: new URL(live.replaceAll('&amp;', '&'), url) }
}

const idlePages = async (servers: Servers): Promise<BoardFigures['idle']> => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const env = { ...servers.env('bench_idle'), PORT: String(port), PUBLIC_URL: url, TRUSTED_PROXIES: '1' }
  const { child } = await startProcess('./gateway-server.ts', env)
  try {
    const account = await signUp({ url }, { name: 'Bench' })
    const streams: (() => void)[] = []
    const browsers = []
    for (let index = 0; index < BROWSERS; index += 1)
      browsers.push(await signedIn(url, account, `10.0.0.${index}`))
    const before = usageOf(child)
    for (let index = 0; index < OPEN_PAGES; index += 1) {
      const { cookie, live } = browsers[index % BROWSERS] as (typeof browsers)[number]
      streams.push(await openStream(live, cookie, `10.0.1.${index % 250}`))
    }
    const opened = usageOf(child)
    await new Promise((resolve) => setTimeout(resolve, WATCHED_MS))
    const after = usageOf(child)
    for (const close of streams) close()
    return {
      pages: OPEN_PAGES,
      memory_mb: Math.max(opened.memory_mb, after.memory_mb) - before.memory_mb,
      cpu_share: (after.cpu_s - opened.cpu_s) / (WATCHED_MS / 1_000),
    }
  } finally {
    child.kill()
  }
}

/** Measures the pages in both workspaces, and open ones on a gateway of their own. */
export const benchBoard = async (servers: Servers): Promise<BoardFigures> => {
  const port = await freePort()
  const connected = await connect(servers.env('bench_board'), port)
  await using _stack = connected.stack
  const large = await openWorkspace(connected, port, 'Large', LARGE)
  const small = await openWorkspace(connected, port, 'Small', SMALL)
  const pages: PageFigures[] = []
  for (const page of PAGES) {
    const times = await pair(
      () => sample(() => large.account.browser.open(page), RUNS),
      () => sample(() => small.account.browser.open(page), RUNS),
      ROUNDS,
    )
    const large_bytes = await compressed(large.account, page)
    pages.push({ page, ...times, large_bytes, small_bytes: await compressed(small.account, page) })
  }
  const open = (await connected.tasks.list_tasks({ status: 'open', scope: 'all' }, large.call())).tasks
  const next_task = await pair(
    () =>
      sample((index) => large.account.browser.open(`/triage?task=${open[index % open.length]?.id}`), RUNS),
    () => sample(() => large.account.browser.open('/search?q=zebra'), RUNS),
    ROUNDS,
  )
  return { pages, next_task, idle: await idlePages(servers) }
}
