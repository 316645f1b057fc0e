// Exports over real services: what comes in goes out the same, and only what the person sees goes out.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { type ExportLine, parseLoops } from '../../shared/imports/format-rules.ts'
import { runExport } from '../../shared/imports/run-export.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { bring, depsOf } from '../support/imports.ts'
import { person } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(async () => {
  await env?.[Symbol.asyncDispose]()
})

const exported = async (caller: Caller): Promise<ExportLine[]> => {
  const lines: ExportLine[] = []
  const deps = { ...depsOf(env, caller), now: systemClock.now }
  for await (const line of runExport(deps, 'Acme')) lines.push(line)
  return lines
}

/** Lines without ids and times. */
const plain = (lines: readonly ExportLine[]): Readonly<Record<string, unknown>>[] => {
  const names = new Map(lines.flatMap((line) => (line.type === 'loop' ? [[line.id, line.name]] : [])))
  return lines.flatMap((line): Readonly<Record<string, unknown>>[] => {
    if (line.type === 'workspace') return []
    if (line.type === 'loop') return [{ ...line, id: '' }]
    const { created_at: _, updated_at: __, loop_id, ...rest } = line
    return [{ ...rest, loop: loop_id && names.get(loop_id) }]
  })
}
const byRef = (lines: ReturnType<typeof plain>) =>
  lines.toSorted((a, b) => (JSON.stringify([a.type, a.ref]) < JSON.stringify([b.type, b.ref]) ? -1 : 1))

describe('an export', () => {
  test('comes in again as it was, and goes out the same', async () => {
    const ann = env.owner()
    const [loops, tasks] = [env.loopsOf(ann), env.tasksOf(ann)]
    const { loop: first } = await loops.create_loop({
      name: 'first',
      ai_context: 'x'.repeat(1_000),
      description: 'd',
    })
    const { loop: second } = await loops.create_loop({ name: 'second', visibility: 'private' })
    await loops.create_loop({ name: 'first' })
    await loops.close_loop({ loop_id: second.id })
    await tasks.add_comment({ loop_id: first.id, text: 'on the loop' })
    const made: string[] = []
    for (const [n, loop_id] of [first.id, second.id, undefined, undefined].entries()) {
      const { task: one } = await tasks.create_task({
        title: `Task ${n}`,
        body: n === 0 ? '' : `body ${n}`,
        priority: n === 1 ? 'urgent' : 'none',
        ...(n === 2 ? { due_date: '2026-05-06', labels: ['a', 'b'] } : {}),
        ...(loop_id ? { loop_id } : {}),
        ...(n === 3 ? { blocked_by: [made[0] ?? '', made[2] ?? ''] } : {}),
      })
      made.push(one.id)
      await tasks.add_comment({ task_id: one.id, text: `comment *${n}*`, kind: n === 1 ? 'outcome' : 'note' })
      await tasks.add_comment({ task_id: one.id, text: 'and another' })
    }
    await tasks.bulk_update_tasks({ task_ids: made.slice(0, 2), status: 'approved' })
    await tasks.update_task({ task_id: made[2] ?? '', status: 'rejected' })
    const lines = await exported(ann)
    expect(lines.map(({ type }) => type)).toEqual([
      'workspace',
      ...Array(3).fill('loop'),
      ...Array(4).fill('task'),
    ])
    const other = { ...env.owner(), user_name: ann.user_name }
    const text = lines.map((line) => JSON.stringify(line)).join('\n')
    expect(await bring(env, other, parseLoops(text), { approve: true })).toMatchObject({
      created: 4,
      rows: [],
    })
    const again = await exported(other)
    const strip = (found: ExportLine[]) => byRef(plain(found))
    expect(strip(again)).toEqual(strip(lines))
    expect(again.filter(({ type }) => type === 'loop').map((line) => 'name' in line && line.name)).toEqual(
      lines.filter(({ type }) => type === 'loop').map((line) => 'name' in line && line.name),
    )
    // Twice doubles nothing, and into its own workspace it brings nothing.
    expect(await bring(env, other, parseLoops(text), { approve: true })).toMatchObject({
      created: 0,
      unchanged: 4,
      comments: 0,
    })
    const own = await bring(env, ann, parseLoops(text), { approve: true })
    expect(own).toMatchObject({ created: 0, updated: 0, comments: 0, loops: [] })
    expect(own.rows.map(({ code }) => code)).toEqual(Array(4).fill('exported_here'))
    expect(strip(await exported(ann))).toEqual(strip(lines))
  })

  test('holds only what the person sees', async () => {
    const ann = env.owner()
    const bob = person(ann.workspace_id)
    const { loop } = await env.loopsOf(ann).create_loop({ name: 'secret', visibility: 'private' })
    const { task: hidden } = await env.tasksOf(ann).create_task({ title: 'secret', loop_id: loop.id })
    await env.tasksOf(ann).create_task({ title: 'known', blocked_by: [hidden.id] })
    const lines = await exported(bob)
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`secret|${hidden.id}|${loop.id}`))
    expect(lines).toHaveLength(2)
    const whole = env.tasksOf(bob).list_whole_tasks({ task_ids: [hidden.id], visible_private_loop_ids: [] })
    expect((await whole).tasks).toEqual([])
  })
})
