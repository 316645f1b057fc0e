// The data folder: who has it, the room on its disk, its secret.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StartFault } from '../../../infra/report.ts'
import { keptSecret, openDataDir, requireRoom, secretFile } from '../../../infra/servers/data-dir.ts'
import { identityOf } from '../../../infra/servers/identity.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'data-dir-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const lock = () => join(folder, 'lock')
const writeLock = (pid: number, identity: string | undefined, stopping = false) =>
  writeFileSync(lock(), JSON.stringify({ pid, identity, port: 4321, stopping }))

/** Another living process, in place of another copy. */
const otherCopy = () => {
  const child = spawn('sleep', ['600'])
  return { pid: child.pid ?? 0, [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

test('made_and_closed_to_other_people', async () => {
  using dir = await openDataDir(join(folder, 'deep', 'er'), 4000)
  expect(statSync(dir.path).mode & 0o777).toBe(0o700)
})

test('freed_when_disposed_of', async () => {
  const dir = await openDataDir(folder, 4000)
  expect(existsSync(lock())).toBe(true)
  dir[Symbol.dispose]()
  expect(existsSync(lock())).toBe(false)
})

test('folder_in_use_refused_with_who_has_it', async () => {
  using other = otherCopy()
  writeLock(other.pid, identityOf(other.pid))
  await expect(openDataDir(folder, 4000)).rejects.toThrow(
    new StartFault(
      `The data folder ${folder} is in use by the copy of Loops on port 4321 (process ${other.pid}): stop that one, or start this one with its own DATA_DIR and PORT.`,
    ),
  )
})

test('folder_of_a_copy_that_is_ending_waited_for', async () => {
  const other = otherCopy()
  writeLock(other.pid, identityOf(other.pid), true)
  const opening = openDataDir(folder, 4000)
  other[Symbol.dispose]()
  using dir = await opening
  expect(JSON.parse(readFileSync(lock(), 'utf8')).pid).toBe(process.pid)
  expect(dir.path).toBe(folder)
})

test.each([
  ['of_a_dead_process', 999_999_999, '1 node'],
  ['of_a_number_that_another_process_has_now', 1, 'not what process 1 is'],
  ['of_our_own_number_in_an_earlier_life', process.pid, identityOf(process.pid)],
])('lock_%s_taken_over', async (_, pid, identity) => {
  writeLock(pid, identity)
  using dir = await openDataDir(folder, 4000)
  expect(dir.path).toBe(folder)
})

test('broken_lock_taken_over', async () => {
  writeFileSync(lock(), '{"pid":')
  using dir = await openDataDir(folder, 4000)
  expect(dir.path).toBe(folder)
})

test('announced_stop_seen_in_the_lock', async () => {
  using dir = await openDataDir(folder, 4000)
  dir.announceStop()
  expect(JSON.parse(readFileSync(lock(), 'utf8'))).toMatchObject({ pid: process.pid, stopping: true })
})

test('path_that_is_a_file_refused', async () => {
  const file = join(folder, 'file')
  writeFileSync(file, '')
  await expect(openDataDir(file, 4000)).rejects.toThrow(
    /cannot be used \(EEXIST|ENOTDIR\).*or set DATA_DIR\.$/,
  )
})

test('disk_without_the_room_refused', () => {
  expect(() => requireRoom(folder, 1)).not.toThrow()
  expect(() => requireRoom(folder, 1e18)).toThrow(
    /^The disk that holds .* has .* left and Loops needs 1000000000\.0 GB: free/,
  )
})

test('secret_made_once_and_readable_by_its_owner_only', () => {
  let made = 0
  const make = () => `secret number ${++made}`
  expect(keptSecret(secretFile(folder), make)).toBe('secret number 1')
  expect(keptSecret(secretFile(folder), make)).toBe('secret number 1')
  expect(statSync(join(folder, 'secret')).mode & 0o777).toBe(0o600)
})
