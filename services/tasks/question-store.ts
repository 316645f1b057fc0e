// Questions among the comments, in MongoDB: those that may still be open.
//
// Whether a question is open follows from the comments behind it and from its task. Whoever finds one that is not notes
// that in `settled`, so that it is not looked at again: no reader sees that, and a question that lacks it is only looked at
// once more.
import type { Collection, IndexDescription } from 'mongodb'
import type { CommentDoc } from './comment-store.ts'

/** A question as it is listed; `text` is cut. */
export type QuestionDoc = Pick<CommentDoc, '_id' | 'ws' | 'author' | 'text' | 'created_at'> &
  Readonly<{ task_id: string }>

/** The index of questions on tasks that may be open, newest first. */
export const QUESTION_INDEX: IndexDescription = {
  key: { ws: 1, settled: 1, _id: -1 },
  name: 'questions',
  partialFilterExpression: { kind: 'question', task_id: { $gt: '' } },
}

/** Queries of questions, and the note that one is settled. */
export const questionQueries = (collection: Collection<CommentDoc>) => ({
  /**
   * Questions on tasks that are not known to be settled, older than the id `before`, newest first.
   * @param chars characters of their text.
   */
  listQuestions: (
    ws: string,
    before: string | undefined,
    limit: number,
    chars: number,
  ): Promise<QuestionDoc[]> =>
    collection
      .find({
        ws,
        settled: { $exists: false },
        kind: 'question',
        task_id: { $gt: '' },
        ...(before === undefined ? {} : { _id: { $lt: before } }),
      })
      .sort({ _id: -1 })
      .limit(limit)
      .hint(QUESTION_INDEX.name ?? '')
      .project<QuestionDoc>({
        ws: 1,
        task_id: 1,
        author: 1,
        created_at: 1,
        text: { $substrCP: ['$text', 0, chars] },
      })
      .toArray(),

  /** Whether somebody else has commented since, or the same one has asked again: then that question stands for this one. */
  isAnswered: async ({ _id, ws, task_id, author: { user_id, client } }: QuestionDoc): Promise<boolean> => {
    const later = {
      ws,
      parent: task_id,
      _id: { $gt: _id },
      $or: [
        { 'author.user_id': { $ne: user_id } },
        { 'author.client': { $ne: client } },
        { kind: 'question' as const },
      ],
    }
    return (await collection.findOne(later, { hint: 'parent', projection: { _id: 1 } })) !== null
  },

  /** Notes that questions are settled. Repeats do no harm. */
  settle: async (ws: string, ids: readonly string[]): Promise<void> => {
    if (ids.length === 0) return
    await collection.updateMany({ _id: { $in: [...ids] }, ws }, { $set: { settled: true } })
  },
})
