// A workspace that is worth a picture: loops at work, tasks to triage, a question. The same at every run but for ids and times.
import { type Account, agentOf, signUp } from './accounts.ts'
import type { System } from './system.ts'

/** What is written in it. */
export type Texts = Readonly<{
  owner: string
  workspace: string
  loops: readonly [string, string, string, string]
  /** Of the first loop; the first of them is described by `body`. */
  done: readonly [string, string]
  held: string
  progress: string
  ready: readonly [string, string]
  waiting: string
  asked: string
  question: string
  /** To triage, newest first. */
  open: readonly string[]
  body: string
  comment: string
  labels: string[]
}>

export const ENGLISH: Texts = {
  owner: 'Maren Åsnes',
  workspace: 'Fjord Ferries',
  loops: [
    'Tickets on the phone',
    'Sign-in without passwords',
    'Timetables that are right',
    'Quieter engines',
  ],
  done: ['Scan a ticket without a network', 'Show the next departure first'],
  held: 'Let two people share one ticket',
  progress: 'The link opens on both phones; the refund is left.',
  ready: ['Warn before the battery dies', 'Print a ticket at the kiosk'],
  waiting: 'Refund half of a shared ticket',
  asked: 'Sort ferries by what people ask for',
  question: 'By **distance** or by **departure**? Both are one line; people will get used to either.',
  open: [
    'Names with apostrophes cannot travel',
    'Faster search on the phone',
    'Say thank you after a crossing',
    'Hebrew and Arabic names on tickets',
    'Alphabetical order that Norwegians expect',
    'Log less, find more',
    'Map of where the ship is',
    'Dogs travel free again',
  ],
  body: 'Our check refuses apostrophes, so **O’Brien** and **D’Angelo** stay ashore.\n\n- The queries have parameters since 2019: the rule can go.\n- So can the one against `<` and `&`: escape on output instead.\n\nDone when both of them have a ticket in the tests.',
  comment: 'Seen on the kiosks too: three people this week.',
  labels: ['kiosk', 'names'],
}

export type PictureScene = Readonly<{
  owner: Account
  loop_id: string
  /** The newest task to triage, with a text. */
  open: string
  held: string
}>

/** Makes the workspace. */
export const fillPictureScene = async (system: System, texts: Texts): Promise<PictureScene> => {
  const owner = await signUp(system, { name: texts.owner, workspace: texts.workspace })
  await using planner = await agentOf(system, owner, { name: 'Claude Code (planner)' })
  await using builder = await agentOf(system, owner, { name: 'Claude Code (builder)' })
  const loops: string[] = []
  for (const [index, name] of texts.loops.entries()) {
    const visibility = index === 1 ? 'private' : 'public'
    const description = index === 0 ? texts.body.split('\n')[0] : undefined
    loops.push((await planner.call('create_loop', { name, visibility, description })).loop.id)
  }
  const [loop_id = '', second] = loops
  const { loop: former } = await planner.call('create_loop', { name: texts.done[0] })
  await planner.call('ship_loop', { loop_id: former.id })
  const file = async (title: string, more: Record<string, unknown> = {}): Promise<string> => {
    const { task } = await planner.call('create_task', { title, loop_id, ...more })
    await planner.call('update_task', { task_id: task.id, status: 'approved' })
    return task.id
  }
  for (const title of texts.done) {
    const task_id = await file(title)
    for (const status of ['in_progress', 'shipped'] as const)
      await planner.call('update_task', { task_id, status })
  }
  const held = await file(texts.held, { priority: 'high', body: texts.body, labels: texts.labels })
  await builder.call('claim_task', { task_id: held, agent: 'builder-1' })
  await builder.call('renew_claims', { progress: texts.progress })
  await planner.call('add_comment', { task_id: held, text: texts.comment })
  for (const title of texts.ready) await file(title, { due_date: '2031-05-17' })
  await file(texts.waiting, { blocked_by: [held] })
  await file(texts.ready[0], { loop_id: second })
  const asked = await file(texts.asked)
  await builder.call('add_comment', { task_id: asked, text: texts.question, kind: 'question', hold: true })
  let open = ''
  for (const [index, title] of texts.open.toReversed().entries()) {
    const priority = (['none', 'low', 'medium', 'none', 'high', 'none'] as const)[index % 6]
    const body = index === texts.open.length - 1 ? texts.body : ''
    open = (await planner.call('create_task', { title, body, priority, labels: body ? texts.labels : [] }))
      .task.id
  }
  await planner.call('add_comment', { task_id: open, text: texts.comment })
  return { owner, loop_id, open, held }
}
