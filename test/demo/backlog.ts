// Reads the backlog file: sections of a title, a line of facts, and a Markdown body.
import { readFileSync } from 'node:fs'
import type { Priority } from '../../shared/contracts/define/common.ts'

/** One task of the backlog, and what the people decide about it. */
export type Item = Readonly<{
  title: string
  body: string
  priority: Priority
  due_date: string | null
  loop: string
  triage: 'approve' | 'reject' | 'hold' | 'open'
}>

const facts = (line: string): Record<string, string> =>
  Object.fromEntries(line.split(' | ').map((fact) => fact.split(': ') as [string, string]))

/** All tasks in the order of the file. */
export const readBacklog = (): Item[] =>
  readFileSync(new URL('./backlog.md', import.meta.url), 'utf8')
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const [title = '', , line = '', ...rest] = section.split('\n')
      const { loop = 'none', priority = 'none', due, triage = 'open' } = facts(line)
      return {
        title,
        body: rest.join('\n').trim(),
        priority: priority as Priority,
        due_date: due ?? null,
        loop,
        triage: triage as Item['triage'],
      }
    })

/** The loops that the backlog is organised into, in the order in which they are made. */
export const LOOPS = [
  {
    key: 'night',
    name: 'Night boat to Kiel',
    visibility: 'public',
    ai_context: 'Everything here goes live together on 1 December.',
  },
  {
    key: 'access',
    name: 'Everyone can book',
    visibility: 'public',
    ai_context: 'The audit of 4 November is the source. Try each change with a keyboard and a screen reader.',
  },
  {
    key: 'timetable',
    name: 'A timetable that is true',
    visibility: 'public',
    ai_context: 'Instants in UTC with the zone beside them. Never a local time alone.',
  },
  {
    key: 'fraud',
    name: 'Fraud rules',
    visibility: 'private',
    ai_context: 'Limits and thresholds stay out of the repository.',
  },
  {
    key: 'checkout',
    name: 'Checkout that never loses a seat',
    visibility: 'public',
    ai_context: 'Money: tests first. Amounts are whole øre, never floats.',
  },
] as const
