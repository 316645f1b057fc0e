// What the official suite requires of a server and what it found, read from its own lists and summary.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Ended } from './commands.ts'

export type Revision = '2025-11-25' | '2026-07-28'

/** The scenarios that a revision requires of servers. */
export const requiredOf = async (revision: Revision): Promise<readonly string[]> => {
  const folder = dirname(
    createRequire(import.meta.url).resolve('@modelcontextprotocol/conformance/package.json'),
  )
  const lists = await readFile(join(folder, 'requirements', `${revision}.yaml`), 'utf8')
  const server = /^server:\n((?: .*\n|#.*\n|\n)*)/m.exec(lists)?.[1] ?? ''
  return [...server.matchAll(/^ +- ([\w-]+)/gm)].map(([, name = '']) => name)
}

/** Names in a baseline of expected failures. */
export const namesIn = (baseline: string): readonly string[] =>
  [...baseline.matchAll(/^ +- ([\w-]+)/gm)].map(([, name = '']) => name)

/** Scenarios of a run in which every check passed, and at least one did. */
export const passedIn = ({ stdout }: Ended): ReadonlySet<string> =>
  new Set([...stdout.matchAll(/^✓ ([\w-]+): ([1-9]\d*) passed, 0 failed$/gm)].map(([, name = '']) => name))
