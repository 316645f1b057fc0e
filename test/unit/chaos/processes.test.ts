// Processes that a test keeps: started again, killed and started at will, and gone with whoever started them.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { identityOf } from '../../../infra/servers/identity.ts'
import { openProcesses, type Program } from '../../support/chaos/processes.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loops-processes-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** A program that writes down its number and then does `then`. */
const program = (then: string): Program => ({
  ...{ name: 'one', command: 'sh', args: ['-c', `echo $$; ${then}`] },
  logFile: join(folder, 'one.log'),
})
/** The numbers of all that were started, oldest first. */
const pids = (): readonly number[] => {
  try {
    return readFileSync(join(folder, 'one.log'), 'utf8')
      .split('\n')
      .filter((line) => /^\d+$/.test(line))
      .map(Number)
  } catch {
    return []
  }
}
/** Whether it runs: one that has ended may still have its number, until somebody has waited for it. */
const lives = (pid: number | undefined): boolean => pid !== undefined && identityOf(pid) !== undefined

test('killed_for_good_until_it_is_started', async () => {
  await using processes = openProcesses()
  const one = processes.keep(program('exec sleep 60'))
  await expect.poll(pids).toHaveLength(1)
  await one.kill()
  expect([one.running(), lives(pids()[0]), one.falls()]).toEqual([false, false, []])
  one.start()
  await expect.poll(pids).toHaveLength(2)
  expect(one.running()).toBe(true)
})

test('killed_while_it_is_stopped', async () => {
  await using processes = openProcesses()
  const one = processes.keep(program('exec sleep 60'))
  await expect.poll(pids).toHaveLength(1)
  one.pause()
  await one.kill()
  expect(lives(pids()[0])).toBe(false)
})

test('started_again_when_it_ends_by_itself', async () => {
  await using processes = openProcesses()
  const one = processes.keep(program('echo so it ends; exit 1'))
  await expect.poll(() => pids().length).toBeGreaterThan(1)
  expect(one.falls()[0]).toBe('so it ends')
})

test('gone_with_its_keeper_even_when_that_is_killed', async () => {
  const keeper = join(import.meta.dirname, '../../support/chaos/processes.ts')
  const script = `import { openProcesses } from ${JSON.stringify(keeper)}
    openProcesses().keep(${JSON.stringify(program('exec sleep 60'))})`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  await expect.poll(pids).toHaveLength(1)
  expect(lives(pids()[0])).toBe(true)
  child.kill('SIGKILL')
  await expect.poll(() => lives(pids()[0])).toBe(false)
})
