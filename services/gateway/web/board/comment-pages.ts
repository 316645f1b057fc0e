// Finds the page of a conversation that a comment is on, for links that lead to one comment.
import { Id } from '../../../../shared/contracts/define/common.ts'
import type { Board } from './board.ts'

/** Most pages that are looked through: the comment may be gone, or of another conversation. */
const MAX_PAGES = 50

/** What get_task and get_loop say of a page of comments. */
type CommentPage = Readonly<{
  comments: readonly Readonly<{ id: string }>[]
  comments_next_cursor: string | null
}>

/**
 * Where the page of comments begins that an address asks for: by `comments`, a cursor, or by `comment`, the id of one.
 * @returns undefined for the first page, also where there is no such comment.
 */
export const commentsCursor = async (
  { c }: Board,
  pageAt: (comments_cursor: string | undefined) => Promise<CommentPage>,
): Promise<string | undefined> => {
  const { data: wanted } = Id.safeParse(c.req.query('comment'))
  if (wanted === undefined) return c.req.query('comments')
  let cursor: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const { comments, comments_next_cursor } = await pageAt(cursor)
    if (comments.some(({ id }) => id === wanted)) return cursor
    // A later one has a higher id.
    if (comments_next_cursor === null || (comments.at(-1)?.id ?? '') > wanted) return undefined
    cursor = comments_next_cursor
  }
  return undefined
}
