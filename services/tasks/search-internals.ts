// find_tasks: finds tasks and comments for the search tool. A leaf: it calls no other service.

import { QUERY_WORDS } from '../../shared/contracts/tasks/search.ts'
import { snippetOf } from '../../shared/search/match.ts'
import { termsOf } from '../../shared/search/words.ts'
import type { Some } from './deps.ts'
import type { TaskSearch } from './search-store.ts'
import { PUBLIC } from './visibility-rules.ts'

/** The handler of find_tasks. */
export const searchHandlers = ({
  search: { index, documents, reading },
}: Readonly<{ search: Pick<TaskSearch, 'index' | 'documents' | 'reading'> }>): Some<'find_tasks'> => ({
  find_tasks: async ({ workspace_id: ws, query, kinds, status, visible_private_loop_ids, before, limit }) => {
    const lists =
      visible_private_loop_ids === null
        ? await index.listsOf(ws, kinds)
        : kinds.flatMap((kind) => [PUBLIC, ...visible_private_loop_ids].map((who) => `${kind}:${who}`))
    const { found, more, truncated } = await index.search({
      ws,
      lists,
      terms: termsOf(query, QUERY_WORDS),
      before,
      limit,
      read: reading(ws),
      ...(status === undefined
        ? {}
        : { narrow: (ids: readonly string[]) => documents.ofStatus(ws, ids, status) }),
    })
    return {
      found: found.map(({ rank, document, match: { part, index: at } }) => ({
        rank,
        ...document,
        found_in: part.name as 'title' | 'body' | 'comment',
        ...(part.name === 'title' ? {} : { snippet: snippetOf(part.text, at) }),
      })),
      more,
      truncated,
    }
  },
})
