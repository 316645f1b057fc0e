// A person's day on the board: the workspace that it begins in, its steps, and what is stored when it is over. How a step is
// taken is another file's.
import type { Account } from './accounts.ts'
import type { McpClient } from './mcp-client.ts'

/** What can be decided about a task, as its buttons say it. */
export type Decision = 'Approve' | 'Reject' | 'Hold'

/** How a person does things: with a mouse, by keys, by what a screen reader tells them. Each begins anywhere on the board. */
export type Way = Readonly<{
  signIn: (account: Account) => Promise<void>
  file: (title: string) => Promise<void>
  decide: (title: string, decision: Decision) => Promise<void>
  undo: () => Promise<void>
  /** Moves a task into a loop and approves it in the same step. */
  takeInto: (title: string, loop: string) => Promise<void>
  prioritize: (title: string, priority: string) => Promise<void>
  /** @param day `2027-01-31` */
  schedule: (title: string, day: string) => Promise<void>
  edit: (title: string, body: string) => Promise<void>
  comment: (title: string, text: string) => Promise<void>
  /** Answers the only question, and lets the work go on. */
  answer: (text: string) => Promise<void>
  /** Moves a loop of the queue; 0 is the first position. */
  order: (loop: string, position: number) => Promise<void>
  start: (loop: string, title: string) => Promise<void>
  /** Ships a loop after a look at what is left of it. */
  ship: (loop: string, left: string) => Promise<void>
  /** Searches, and opens what is found. */
  search: (text: string, title: string) => Promise<void>
  /** Finds a sentence in the activity of the workspace. */
  recall: (sentence: string) => Promise<void>
  /** That the person is told so. */
  told: (sentence: string) => Promise<void>
}>

const LOOPS = [
  'Search that finds',
  'Sign-in without passwords',
  'Mails that people read',
  'Import that works',
]
/** What agents filed, newest first, as triage shows it. */
const FILED = [
  'Remove the old table',
  'Send old links to the sign-in page',
  'Rewrite it all',
  'Ask the lawyers',
  'Fix the crash at start',
  'Renew the certificate',
  'Make the list faster',
  'Sort by date',
  'Count the visitors',
]

/** Fills the workspace that the day begins in. */
export const beginDay = async (agent: McpClient): Promise<void> => {
  const ids: string[] = []
  for (const name of LOOPS) ids.push((await agent.call('create_loop', { name })).loop.id)
  const [search, , mails] = ids
  const file = async (title: string, loop_id: string | undefined): Promise<string> => {
    const { task } = await agent.call('create_task', { title, loop_id })
    await agent.call('update_task', { task_id: task.id, status: 'approved' })
    return task.id
  }
  await file('Index the comments', search)
  await file('Thank the translators', mails)
  const task_id = await file('Choose a colour for the button', search)
  await agent.call('add_comment', { task_id, text: 'Green or teal?', kind: 'question', hold: true })
  for (const title of FILED.toReversed()) await agent.call('create_task', { title })
}

/** A step of the day, and what the person is told after it. */
export type Step = Readonly<{ name: string; take: (way: Way) => Promise<void>; told?: string }>

/** The day of somebody who has signed in. */
export const DAY: readonly Step[] = [
  { name: 'file', take: (way) => way.file('Say hello in Spanish'), told: '“Say hello in Spanish” is filed' },
  {
    name: 'first',
    take: (way) => way.order('Import that works', 0),
    told: '“Import that works” is first now.',
  },
  {
    name: 'last',
    take: (way) => way.order('Search that finds', 3),
    told: '“Search that finds” moved down 2 places.',
  },
  {
    name: 'approve',
    take: (way) => way.decide('Remove the old table', 'Approve'),
    told: 'Approved “Remove the old table”.',
  },
  {
    name: 'into a loop',
    take: (way) => way.takeInto('Send old links to the sign-in page', 'Sign-in without passwords'),
    told: 'Moved “Send old links to the sign-in page” into Sign-in without passwords. Approved',
  },
  {
    name: 'reject',
    take: (way) => way.decide('Rewrite it all', 'Reject'),
    told: 'Rejected “Rewrite it all”.',
  },
  {
    name: 'hold',
    take: (way) => way.decide('Ask the lawyers', 'Hold'),
    told: 'Put “Ask the lawyers” on hold.',
  },
  {
    name: 'priority',
    take: (way) => way.prioritize('Fix the crash at start', 'Urgent'),
    told: '“Fix the crash at start”: Urgent.',
  },
  {
    name: 'due date',
    take: (way) => way.schedule('Renew the certificate', '2027-01-31'),
    told: '“Renew the certificate” is due',
  },
  {
    name: 'edit',
    take: (way) => way.edit('Make the list faster', 'It takes a second. A tenth is enough.'),
    told: 'Saved “Make the list faster”.',
  },
  {
    name: 'comment',
    take: (way) => way.comment('Sort by date', 'Newest first, please.'),
    told: 'Commented on “Sort by date”.',
  },
  {
    name: 'approve too early',
    take: (way) => way.decide('Count the visitors', 'Approve'),
    told: 'Approved “Count the visitors”.',
  },
  { name: 'undo', take: (way) => way.undo(), told: 'Undone' },
  {
    name: 'answer',
    take: (way) => way.answer('Teal, like the links.'),
    told: 'Choose a colour for the button',
  },
  {
    name: 'start',
    take: (way) => way.start('Search that finds', 'Index the comments'),
    told: '“Index the comments” is in progress.',
  },
  {
    name: 'ship',
    take: (way) => way.ship('Mails that people read', 'Thank the translators'),
    told: '“Mails that people read” is shipped.',
  },
  { name: 'search', take: (way) => way.search('lawy', 'Ask the lawyers') },
  { name: 'activity', take: (way) => way.recall('rejected “Rewrite it all”') },
]

const SORT = (a: Readonly<{ title: string }>, b: Readonly<{ title: string }>): number =>
  a.title < b.title ? -1 : 1

/** What is stored of a workspace, without ids and times. */
export const storedState = async (agent: McpClient) => {
  const { loops } = await agent.call('get_loop_queue', {})
  const shipped = (await agent.call('list_loops', { status: 'shipped' })).loops
  const names = new Map([...loops, ...shipped].map(({ id, name }) => [id, name]))
  const { tasks } = await agent.call('list_tasks', { scope: 'all', limit: 50 })
  const whole = await Promise.all(tasks.map(({ id }) => agent.call('get_task', { task_id: id })))
  return {
    queue: loops.map(({ name }) => name),
    shipped: shipped.map(({ name }) => name),
    tasks: whole
      .map(({ task, comments }) => ({
        title: task.title,
        status: task.status,
        priority: task.priority,
        ...(task.due_date ? { due_date: task.due_date } : {}),
        ...(task.loop_id ? { loop: names.get(task.loop_id) } : {}),
        ...(task.body ? { body: task.body } : {}),
        ...(comments.length > 0 ? { comments: comments.map(({ text }) => text) } : {}),
      }))
      .toSorted(SORT),
  }
}

/** What is stored when the day is over. */
export const EVENING: Awaited<ReturnType<typeof storedState>> = {
  queue: ['Import that works', 'Sign-in without passwords', 'Search that finds'],
  shipped: ['Mails that people read'],
  tasks: [
    { title: 'Ask the lawyers', status: 'on_hold' as const },
    {
      title: 'Choose a colour for the button',
      status: 'approved' as const,
      loop: 'Search that finds',
      comments: ['Green or teal?', 'Teal, like the links.'],
    },
    { title: 'Count the visitors', status: 'open' as const },
    { title: 'Fix the crash at start', status: 'open' as const, priority: 'urgent' as const },
    { title: 'Index the comments', status: 'in_progress' as const, loop: 'Search that finds' },
    {
      title: 'Make the list faster',
      status: 'open' as const,
      body: 'It takes a second. A tenth is enough.',
    },
    { title: 'Remove the old table', status: 'approved' as const },
    { title: 'Renew the certificate', status: 'open' as const, due_date: '2027-01-31' },
    { title: 'Rewrite it all', status: 'rejected' as const },
    { title: 'Say hello in Spanish', status: 'open' as const },
    {
      title: 'Send old links to the sign-in page',
      status: 'approved' as const,
      loop: 'Sign-in without passwords',
    },
    { title: 'Sort by date', status: 'open' as const, comments: ['Newest first, please.'] },
    { title: 'Thank the translators', status: 'approved' as const, loop: 'Mails that people read' },
  ].map((task) => ({ priority: 'none' as const, ...task })),
}
