// Where fetched server binaries are kept: once for the machine, and with the data where there is no such place.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { binariesFolder } from '../../../infra/servers/cache.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'loops-cache-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

test('in_the_users_cache_whatever_the_data_folder', () => {
  const env = { XDG_CACHE_HOME: folder }
  expect(binariesFolder(env, '/somewhere')).toBe(join(folder, 'loops', 'bin'))
  expect(binariesFolder(env, '/elsewhere')).toBe(binariesFolder(env, '/somewhere'))
})

test('with_the_data_where_there_can_be_no_cache', () => {
  const file = join(folder, 'a-file')
  writeFileSync(file, '')
  expect(binariesFolder({ XDG_CACHE_HOME: file }, '/data')).toBe('/data/bin')
})
