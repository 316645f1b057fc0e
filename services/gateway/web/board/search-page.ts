// Search: tasks, loops and comments, while somebody types.
import type { Hono } from 'hono'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { KINDS, QUERY_WORDS } from '../../../../shared/contracts/tasks/search.ts'
import { termsOf } from '../../../../shared/search/words.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { SEARCH } from '../messages/search.ts'
import { type Board, type BoardDeps, boardRoute, showBoard } from './board.ts'
import { type SearchShown, searchView } from './search-view.ts'

/** Rows of one page. */
const ROWS = 30

const kindOf = (asked: string | undefined): SearchShown['kind'] => KINDS.find((kind) => kind === asked)

/** What was found, or why nothing was looked for. */
const find = async (
  { deps, call, c, language }: Board,
  query: string,
  kind: SearchShown['kind'],
): Promise<Pick<SearchShown, 'found' | 'next_cursor' | 'truncated' | 'refusal'>> => {
  const words = wordsOf(SEARCH, language)
  const none = { found: [], next_cursor: null, truncated: false }
  if (query === '') return none
  if ([...query].length > LIMITS.query_chars) return { ...none, refusal: words.word('too_long') }
  if (termsOf(query, QUERY_WORDS).length === 0) return { ...none, refusal: words.say('no_word', { query }) }
  const asked = { query, limit: ROWS, ...(kind ? { kinds: [kind] } : {}) }
  const search = (cursor: string | undefined) => deps.loops.search({ ...asked, cursor }, call())
  try {
    const { found, next_cursor, truncated = false } = await search(c.req.query('cursor'))
    return { found, next_cursor, truncated }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    // A cursor of another search: the first page says more than a refusal.
    if (error.code === 'invalid_argument' && c.req.query('cursor') !== undefined)
      return { ...none, ...(await search(undefined)), truncated: false }
    if (error.code === 'invalid_argument') return { ...none, refusal: words.say('no_word', { query }) }
    if (error.code === 'timeout') return { ...none, refusal: words.word('slow') }
    throw error
  }
}

const show = async (board: Board): Promise<Response> => {
  const query = (board.c.req.query('q') ?? '').trim()
  const kind = kindOf(board.c.req.query('kind'))
  const shown = { query, kind, ...(await find(board, query, kind)) }
  const title = wordsOf(SEARCH, board.language).word('title')
  return showBoard(board, {
    title: query === '' ? title : `${[...query].slice(0, 60).join('')} · ${title}`,
    body: searchView(shown, board.language),
  })
}

/** `/search`. */
export const searchRoutes = (routes: Hono<GatewayEnv>, board: BoardDeps): void => {
  routes.get('/search', boardRoute(board, show))
}
