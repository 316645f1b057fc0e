// Reading a folder of an import: only what lies in it, whatever its links are.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { readFiles } from '../../../infra/import-files.ts'

const root = mkdtempSync(join(tmpdir(), 'loops-import-files-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

test('links that lead nowhere or around are passed over, and one that leads out is refused', () => {
  const tasks = join(root, 'backlog/tasks')
  mkdirSync(tasks, { recursive: true })
  writeFileSync(join(tasks, 'a.md'), 'text')
  symlinkSync('nowhere', join(tasks, 'lost.md'))
  symlinkSync('itself.md', join(tasks, 'itself.md'))
  symlinkSync('..', join(tasks, 'around'))
  expect(readFiles('backlog', root)).toEqual([{ path: 'tasks/a.md', text: 'text' }])
  symlinkSync(tmpdir(), join(tasks, 'out'))
  expect(() => readFiles('backlog', root)).toThrow('tasks/out is a link that leads out of the folder')
})
