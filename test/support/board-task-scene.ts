// A workspace for the tests of a task's page: a task with all that its page shows, made by people and an app of theirs.
import { type Account, agentOf, joinWorkspace, signUp } from './accounts.ts'
import type { McpClient } from './mcp-client.ts'
import { type System, startSystem } from './system.ts'

/** The ids of the tasks of the scene. */
export type TaskScene = AsyncDisposable &
  Readonly<{
    system: System
    ann: Account
    bo: Account
    vi: Account
    agent: McpClient
    loop_id: string
    /** Claimed by the app, with progress, comments, a blocker that is done and one that waits for it. */
    held: string
    /** Approved once, and rewritten since. */
    rewritten: string
    /** On hold by a question. */
    asked: string
    /** In a private loop of Ann. */
    hidden: string
    /** Open and empty, apart from its title. */
    bare: string
  }>

const BODY = [
  'People who open the link of an old mail see an error. Send them to the sign-in page instead.',
  '',
  '## How to tell that it is done',
  '',
  '- a link from before the move works',
  '- `npm test` is green',
  '',
  '> Keep the redirect for a year.',
  '',
  '```ts',
  "app.get('/old', (c) => c.redirect('/sign-in', 303))",
  '```',
].join('\n')

/**
 * Makes the tasks of the scene in a workspace.
 * @param writer an app that may not approve
 */
export const fillTaskScene = async (agent: McpClient, writer: McpClient) => {
  const file = async (title: string, more: Record<string, unknown> = {}): Promise<string> =>
    (await agent.call('create_task', { title, ...more })).task.id
  const loop_id = (await agent.call('create_loop', { name: 'Sign-in without passwords' })).loop.id
  const secret = (await agent.call('create_loop', { name: 'Secret plans', visibility: 'private' })).loop.id
  const first = await file('Write down what the old links looked like', { loop_id })
  const held = await file('Send old links to the sign-in page', {
    loop_id,
    body: BODY,
    priority: 'high',
    due_date: '2027-01-31',
    labels: ['web', 'mails'],
    blocked_by: [first],
  })
  await file('Tell the customers about the new links', { loop_id, blocked_by: [held] })
  for (const status of ['in_progress', 'shipped'] as const)
    await agent.call('update_task', { task_id: first, status })
  await agent.call('update_task', { task_id: held, status: 'approved' })
  await agent.call('claim_task', { task_id: held, agent: 'builder-1' })
  await agent.call('renew_claims', { progress: 'The redirect works; two tests are left.' })
  await agent.call('add_comment', {
    task_id: held,
    text: 'I found three shapes of old links. **All of them** can be told apart by their first part.',
  })
  const rewritten = await file('Remove the old table', {
    loop_id,
    body: 'Drop `sessions_v1`.\nThen tell the team.',
  })
  await agent.call('update_task', { task_id: rewritten, status: 'approved' })
  await writer.call('update_task', {
    task_id: rewritten,
    title: 'Remove the old tables',
    body: 'Drop `sessions_v1` and `sessions_v2`.\nThen tell the team.',
  })
  const asked = await file('Choose a colour for the button', { body: 'It should stand out.' })
  await agent.call('update_task', { task_id: asked, status: 'approved' })
  await agent.call('add_comment', { task_id: asked, text: 'Green or teal?', kind: 'question', hold: true })
  const hidden = await file('Buy the castle', { loop_id: secret })
  const bare = await file('Look into it')
  return { loop_id, held, rewritten, asked, hidden, bare }
}

/** Opens the scene in a system of its own. */
export const openTaskScene = async (): Promise<TaskScene> => {
  const stack = new AsyncDisposableStack()
  const system = stack.use(await startSystem())
  const ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
  const bo = await joinWorkspace(system, ann, { name: 'Bo' })
  const vi = await joinWorkspace(system, ann, { name: 'Vi', role: 'viewer' })
  const agent = stack.use(await agentOf(system, ann))
  const writer = stack.use(await agentOf(system, ann, { without: ['loops:approve'] }))
  const made = await fillTaskScene(agent, writer)
  return { system, ann, bo, vi, agent, ...made, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
