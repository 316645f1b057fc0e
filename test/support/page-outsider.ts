// Requests that an outsider can make to the gateway: any of its routes, with ids of somebody else's workspace in any place of
// the path, the query, the body and the cookies. Knows no route and no form: it reads both from the gateway.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import type { WholeGateway } from './whole-gateway.ts'

const SOURCES = join(import.meta.dirname, '../../services/gateway')

/** The names of every field of a form or a query that the gateway reads or shows. */
export const fieldNames = (): string[] => {
  const sources = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(SOURCES, name), 'utf8'))
  const names = sources.flatMap((text) =>
    [
      ...text.matchAll(/\.(?:get|getAll|query)\('([a-z_]+)'\)|\bname="([a-z_]+)"|field\(\w+, '([a-z_]+)'\)/g),
    ].map(([, read, shown, asked]) => read ?? shown ?? asked ?? ''),
  )
  return [...new Set(names)].toSorted()
}

/** Values without which most forms are refused before they look at an id. */
const PLAUSIBLE = [
  'member',
  'owner',
  'allow',
  'approve',
  'yes',
  'all',
  'private',
  '0',
  '1',
  '7',
  'x',
] as const

/** A request of an outsider; `cookies` are further ones beside their own. */
export type PageRequest = Readonly<{
  method: string
  path: string
  query: string
  form: readonly (readonly [string, string])[]
  json: boolean
  cookies: string
}>

/**
 * A request to each of the routes, in their order; where the path of one has a place for an id, a request for each of the
 * ids, since most routes act on one kind of thing.
 */
export const requestsTo = (
  routes: WholeGateway['routes'],
  names: readonly string[],
  ids: readonly string[],
): fc.Arbitrary<PageRequest[]> => {
  const id = fc.constantFrom(...ids)
  const value = fc.oneof(
    { weight: 3, arbitrary: id },
    { weight: 1, arbitrary: fc.constantFrom(...PLAUSIBLE) },
  )
  const pairs = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 12 })
  const cookie = fc.constantFrom('loops_session', 'loops_known', 'loops_form')
  const one = (method: string, path: string, first: string): fc.Arbitrary<PageRequest> =>
    fc.record({
      method: fc.constant(method),
      path: fc.infiniteStream(id).map((given) => {
        let place = 0
        return path.replaceAll(/(?<=\/)x(?=[/.]|$)/g, () =>
          place++ === 0 ? first : String(given.next().value),
        )
      }),
      query: pairs.map((all) => new URLSearchParams(all.map(([name, text]) => [name, text])).toString()),
      form: pairs,
      json: fc.boolean(),
      cookies: fc.oneof(
        { weight: 9, arbitrary: fc.constant('') },
        { weight: 1, arbitrary: fc.tuple(cookie, id).map(([name, text]) => `${name}=${text}`) },
      ),
    })
  const all = routes.flatMap(({ method, path }) =>
    (/\/x(?=[/.]|$)/.test(path) ? ids : ['']).map((first) => one(method, path, first)),
  )
  return fc.tuple(...all)
}

/** Sends a request with these headers and follows no redirect. @returns everything that came back, as one text. */
export const sendPageRequest = async (
  site: string,
  request: PageRequest,
  { cookie = '', ...headers }: Readonly<Record<string, string>>,
): Promise<Readonly<{ status: number; location: string; all: string }>> => {
  const { method, path, query, form, json, cookies } = request
  const bodied = method !== 'GET' && method !== 'HEAD'
  const body = json
    ? JSON.stringify(Object.fromEntries(form))
    : new URLSearchParams(form.map(([...pair]) => pair))
  const answer = await fetch(`${site}${path}?${query}`, {
    method,
    redirect: 'manual',
    headers: {
      origin: site,
      accept: json ? 'application/json' : 'text/html',
      ...(bodied ? { 'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded' } : {}),
      cookie: [cookies, cookie].filter((one) => one !== '').join('; '),
      ...headers,
    },
    ...(bodied ? { body } : {}),
    signal: AbortSignal.timeout(10_000),
  })
  const location = answer.headers.get('location') ?? ''
  // A stream of a page never ends; it says only that something changed.
  const endless = answer.headers.get('content-type')?.startsWith('text/event-stream') === true
  if (endless) await answer.body?.cancel()
  return {
    status: answer.status,
    location,
    all: `${[...answer.headers].join('\n')}\n${endless ? '' : await answer.text()}`,
  }
}
