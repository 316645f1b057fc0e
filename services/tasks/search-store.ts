// The search of tasks and comments: fills their index, and reads them as they are now.
import type { Db } from 'mongodb'
import { ownCall } from '../../shared/bus/headers.ts'
import type { TaskStatus } from '../../shared/contracts/define/common.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { BY_ID, type Ref, these } from '../../shared/storage/by-workspace.ts'
import { lookInto } from '../../shared/storage/collection.ts'
import { openSearch, type SearchIndex, type Shown } from '../../shared/storage/search-store.ts'
import type { CommentDoc } from './comment-store.ts'
import type { Deps } from './deps.ts'
import type { TaskDoc } from './task-store.ts'

type IndexedTask = Pick<TaskDoc, '_id' | 'ws' | 'v' | 'title' | 'body' | 'acl' | 'loop_id' | 'status'>
type IndexedComment = Pick<CommentDoc, '_id' | 'ws' | 'parent' | 'task_id' | 'loop_id' | 'text'>
/** What an answer shows of a document. */
export type FoundDocument = Readonly<{
  kind: 'task' | 'comment'
  id: string
  title?: string
  status?: TaskStatus
  task_id?: string
  loop_id?: string
}>

const TASK = { ws: 1, v: 1, title: 1, body: 1, acl: 1, loop_id: 1, status: 1, schema: 1 } as const
const COMMENT = { ws: 1, parent: 1, task_id: 1, loop_id: 1, text: 1, schema: 1 } as const
/** How often a document that changes meanwhile is indexed again before the event is tried later. */
const MAX_TRIES = 5
const ALIVE = { deleted_at: { $exists: false } }

const openDocuments = (db: Db) => {
  const { collection: tasks } = lookInto<TaskDoc>(db, 'tasks')
  const { collection: comments } = lookInto<CommentDoc>(db, 'comments')
  return {
    tasks: (refs: readonly Ref[]) =>
      tasks
        .find({ ...these(refs), ...ALIVE })
        .hint(BY_ID)
        .project<IndexedTask>(TASK)
        .toArray(),
    comments: (refs: readonly Ref[]) =>
      comments.find(these(refs)).hint(BY_ID).project<IndexedComment>(COMMENT).toArray(),
    /** The versions of tasks that are not deleted. */
    versions: async (refs: readonly Ref[]): Promise<Map<string, number>> => {
      const found = await tasks
        .find({ ...these(refs), ...ALIVE })
        .hint(BY_ID)
        .project<Pick<TaskDoc, '_id' | 'v'>>({ v: 1 })
        .toArray()
      return new Map(found.map(({ _id, v }) => [_id, v]))
    },
    /** Which of these are tasks of a status. */
    ofStatus: async (ws: string, ids: readonly string[], status: TaskStatus): Promise<Set<string>> => {
      const found = await tasks
        .find({ _id: { $in: [...ids] }, ws, status, ...ALIVE })
        .project<{ _id: string }>({ _id: 1 })
        .toArray()
      return new Set(found.map(({ _id }) => _id))
    },
    /** What is behind an id, for the backfill. */
    after: (name: 'tasks' | 'comments', after: string, limit: number): Promise<Ref[]> =>
      lookInto<{ _id: string }>(db, name)
        .collection.find({ _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .project<Ref>({ ws: 1 })
        .toArray(),
  }
}
type Documents = ReturnType<typeof openDocuments>

/** The tasks that comments are on. */
const tasksOf = (comments: readonly Pick<IndexedComment, 'ws' | 'task_id'>[]): Ref[] =>
  comments.flatMap(({ ws, task_id }) => (task_id ? { _id: task_id, ws } : []))

/** Tasks and comments as they are now. */
const reading = (documents: Documents, ws: string) => async (ids: readonly string[]) => {
  const refs = ids.map((_id) => ({ _id, ws }))
  const [tasks, comments] = await Promise.all([documents.tasks(refs), documents.comments(refs)])
  const parents = await documents.tasks(tasksOf(comments))
  const byId = new Map(parents.map((task) => [task._id, task]))
  const shown: Shown<FoundDocument>[] = []
  for (const { _id, title, body, acl, loop_id, status, ws: own } of tasks)
    if (own === ws)
      shown.push({
        _id,
        list: `task:${acl}`,
        parts: [
          { name: 'title', text: title },
          { name: 'body', text: body },
        ],
        document: { kind: 'task', id: _id, title, status, ...(loop_id ? { loop_id } : {}) },
      })
  for (const { _id, task_id, loop_id, text, ws: own } of comments) {
    const task = task_id === null ? undefined : byId.get(task_id)
    if (own !== ws || (task_id !== null && !task)) continue
    const on = task
      ? { task_id: task._id, title: task.title, ...(task.loop_id ? { loop_id: task.loop_id } : {}) }
      : { loop_id: loop_id ?? '' }
    shown.push({
      _id,
      // The visibility of a loop never changes, so a comment on one stays on the list that it is indexed on.
      ...(task ? { list: `comment:${task.acl}` } : {}),
      parts: [{ name: 'comment', text }],
      document: { kind: 'comment', id: _id, ...on },
    })
  }
  return shown
}

type Filling = Readonly<{ documents: Documents; index: SearchIndex }>

/** Takes the comments on tasks to where the tasks are. */
const moveComments = ({ index }: Pick<Filling, 'index'>, tasks: readonly IndexedTask[]): Promise<void> =>
  index.moveComments(tasks.map(({ _id, ws, acl, v }) => ({ ws, parent: _id, list: `comment:${acl}`, v })))

/** Indexes tasks, and takes their comments along. */
const putTasks = async ({ index }: Filling, tasks: readonly IndexedTask[]): Promise<void> => {
  await index.put(
    tasks.map(({ _id, ws, v, title, body, acl }) => ({
      _id,
      ws,
      v,
      list: `task:${acl}`,
      title,
      texts: [body],
    })),
  )
  // No comment is on a list of an earlier version than the first.
  const changed = tasks.filter(({ v }) => v > 1)
  await moveComments({ index }, changed)
}

/**
 * Indexes tasks as they are now, and takes out those that are deleted. Looks again afterwards, and indexes what has changed
 * meanwhile: so no late fill outlives a deletion.
 */
const indexTasks = async (filling: Filling, refs: readonly Ref[]): Promise<void> => {
  const { documents, index } = filling
  let left = refs
  for (let tries = 0; left.length > 0; tries += 1) {
    if (tries === MAX_TRIES) throw new Error('Tasks changed each time they were indexed.')
    const found = await documents.tasks(left)
    await putTasks(filling, found)
    const now = await documents.versions(left)
    await index.remove(left.filter(({ _id }) => !now.has(_id)))
    const indexed = new Map(found.map(({ _id, v }) => [_id, v]))
    left = left.filter(({ _id }) => now.has(_id) && now.get(_id) !== indexed.get(_id))
  }
}

type ListOf = (comments: readonly IndexedComment[]) => Promise<Map<string, { list: string; v: number }>>

/** Indexes comments on the lists of what they are on; follows tasks that move or go meanwhile. */
const indexComments = async (
  { documents, index }: Filling,
  refs: readonly Ref[],
  listsOf: ListOf,
): Promise<void> => {
  const found = await documents.comments(refs)
  const lists = await listsOf(found)
  await index.put(
    found.flatMap(({ _id, ws, parent, text }) => {
      const on = lists.get(parent)
      return on ? [{ _id, ws, v: on.v, list: on.list, parent, title: '', texts: [text] }] : []
    }),
  )
  const parents = tasksOf(found)
  const now = await documents.versions(parents)
  await index.remove(parents.filter(({ _id }) => !now.has(_id)))
  const moved = parents.filter(({ _id }) => now.has(_id) && now.get(_id) !== lists.get(_id)?.v)
  await moveComments({ index }, await documents.tasks(moved))
}

/** Makes the function that says on which list a comment is, and of which version of what it is on. */
const listing =
  (
    documents: Documents,
    { clock, ids, loops }: Readonly<{ clock: Clock; ids: Ids }> & Pick<Deps, 'loops'>,
  ): ListOf =>
  async (comments) => {
    const tasks = await documents.tasks(tasksOf(comments))
    const lists = new Map(tasks.map(({ _id, acl, v }) => [_id, { list: `comment:${acl}`, v }]))
    const onLoops = comments.filter(({ loop_id }) => loop_id !== null)
    for (const [workspace_id, some] of Map.groupBy(onLoops, ({ ws }) => ws)) {
      const loop_ids = [...new Set(some.map(({ parent }) => parent))]
      const asked = await loops.get_loop_states({ workspace_id, loop_ids }, ownCall(clock, ids.next()))
      for (const { id, visibility } of asked.loops)
        lists.set(id, { list: `comment:${visibility === 'private' ? id : 'public'}`, v: 1 })
    }
    return lists
  }

/** Opens the search of the service. */
export const openTaskSearch = async (db: Db, deps: Parameters<typeof listing>[1]) => {
  const filling: Filling = { documents: openDocuments(db), index: await openSearch(db, deps.clock) }
  const listsOf = listing(filling.documents, deps)
  return {
    ...filling,
    /** Makes the function that reads what belongs to a workspace, as it is now. */
    reading: (ws: string) => reading(filling.documents, ws),
    indexTasks: (refs: readonly Ref[]) => indexTasks(filling, refs),
    indexComments: (refs: readonly Ref[]) => indexComments(filling, refs, listsOf),
  }
}
export type TaskSearch = Awaited<ReturnType<typeof openTaskSearch>>
