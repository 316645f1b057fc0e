// The files and the folder of a backup: what is written comes back, and half of it is never taken for the whole.
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  beginIn,
  besideOf,
  finishIn,
  requireEmpty,
  requireRestored,
} from '../../../infra/backup/data-folder.ts'
import { hashFile, readDocuments, splitDocuments, writeDocuments } from '../../../infra/backup/files.ts'
import { checkFiles, makeFolder, openBackup } from '../../../infra/backup/folder.ts'
import { knownSchemas } from '../../../infra/backup/known-schemas.ts'
import { FORMAT, type Manifest } from '../../../infra/backup/manifest-rules.ts'
import { silentReport } from '../../../infra/report.ts'
import { systemClock } from '../../../shared/process/clock.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'backup-'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** A document as BSON frames it: its length, some bytes, and a zero. */
const document = (size: number, fill: number): Buffer => {
  const bytes = Buffer.alloc(size, fill)
  bytes.writeInt32LE(size, 0)
  bytes[size - 1] = 0
  return bytes
}
const DOCUMENTS = [document(5, 0), document(300_000, 7), document(40, 1), document(1_000_000, 3)]
async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values
}
const allOf = async (documents: AsyncIterable<Uint8Array>): Promise<Buffer[]> =>
  (await Array.fromAsync(documents)).map((one) => Buffer.from(one))

const options = { signal: new AbortController().signal, on: () => undefined }

test('documents_come_back_as_they_were', async () => {
  const file = join(root, 'x.bson.gz')
  const written = await writeDocuments(file, each(DOCUMENTS), options)
  expect(written).toMatchObject({ documents: 4, document_bytes: 1_300_045, bytes: statSync(file).size })
  expect(await hashFile(file, () => undefined)).toBe(written.sha256)
  expect(await allOf(readDocuments(file))).toEqual(DOCUMENTS)
  expect(statSync(file).mode & 0o077).toBe(0)
})

test('an_empty_collection_is_a_file_without_documents', async () => {
  const file = join(root, 'x.bson.gz')
  expect(await writeDocuments(file, each([]), options)).toMatchObject({ documents: 0, document_bytes: 0 })
  expect(await allOf(readDocuments(file))).toEqual([])
})

test('documents_are_split_wherever_the_chunks_end', async () => {
  const bytes = Buffer.concat([document(40, 1), document(7, 2), document(5, 0)])
  for (const size of [1, 3, 4, 11, 52]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
      bytes.subarray(n * size, (n + 1) * size),
    )
    expect((await allOf(splitDocuments(each(chunks)))).map(({ length }) => length)).toEqual([40, 7, 5])
  }
})

test('bytes_that_are_no_documents_are_refused', async () => {
  await expect(allOf(splitDocuments(each([document(40, 1).subarray(0, 30)])))).rejects.toThrow(/are left/)
  await expect(allOf(splitDocuments(each([Buffer.alloc(40, 0)])))).rejects.toThrow(/no document of 0 bytes/)
})

const manifest: Manifest = {
  ...{ format: FORMAT, id: '01JD3XS7A8J3V5P3C4QW2ZK9HT', loops: '0.1.0' },
  ...{ started_at: '2026-11-28T02:00:00.000Z', moment: null, epoch: null, secret: null },
  ...{ collections: [], files: [] },
}
const make = async (folder: string): Promise<void> => {
  await using made = await makeFolder(folder)
  const file = await made.write('secret', 'very secret\n')
  await made.finish({ ...manifest, files: [file] })
}
const refused = (folder: string) => expect(openBackup(folder)).rejects

test('a_folder_has_its_name_only_once_it_is_whole', async () => {
  const folder = join(root, 'deep', 'b')
  {
    await using made = await makeFolder(folder)
    await made.write('secret', 'very secret\n')
    expect(existsSync(folder)).toBe(false)
    await refused(`${folder}.partial`).toThrow(/is half a backup/)
    await refused(folder).toThrow(/b\.partial is half a backup/)
    await expect(makeFolder(folder)).rejects.toThrow(/another backup is being made/)
  }
  // It was not finished.
  expect(readdirSync(join(root, 'deep'))).toEqual([])
  await make(folder)
  const backup = await openBackup(folder)
  await checkFiles(backup, silentReport, systemClock)
  expect(statSync(join(folder, 'secret')).mode & 0o077).toBe(0)
  await expect(makeFolder(folder)).rejects.toThrow(/is not empty: name a new folder/)
})

test('a_backup_that_lacks_something_or_was_changed_is_refused', async () => {
  await refused(join(root, 'none')).toThrow(/There is no backup/)
  const folder = join(root, 'b')
  await make(folder)
  writeFileSync(join(folder, 'secret'), 'very secreT\n')
  await expect(checkFiles(await openBackup(folder), silentReport, systemClock)).rejects.toThrow(
    /b\/secret was changed/,
  )
  rmSync(join(folder, 'secret'))
  await refused(folder).toThrow(/half a backup: secret is missing/)
  rmSync(join(folder, 'manifest.json'))
  await refused(folder).toThrow(/has no manifest/)
})

test('a_backup_with_a_file_that_was_cut_is_refused_before_any_of_it_is_read', async () => {
  const folder = join(root, 'b')
  await make(folder)
  for (const kept of [0, 5, 11]) {
    writeFileSync(join(folder, 'secret'), 'very secret\n'.slice(0, kept))
    await refused(folder).toThrow(/b\/secret was changed or is damaged: restore from another copy/)
  }
  writeFileSync(join(folder, 'secret'), 'very secret\n')
  await openBackup(folder)
})

test('a_data_folder_in_use_is_not_restored_into_and_half_a_restore_is_not_started', async () => {
  const [backup, dataDir] = [join(root, 'b'), join(root, 'data')]
  await make(backup)
  mkdirSync(join(dataDir, 'mongod'), { recursive: true })
  expect(() => requireEmpty(dataDir)).toThrow(/is not empty \(mongod\)/)
  rmSync(join(dataDir, 'mongod'), { recursive: true })
  requireEmpty(dataDir)
  await beginIn(dataDir, manifest.id)
  mkdirSync(join(dataDir, 'mongod'))
  requireEmpty(dataDir)
  expect(() => requireRestored(dataDir)).toThrow(/was not finished: run npm run restore again/)
  await finishIn(dataDir, backup)
  requireRestored(dataDir)
  expect(besideOf(dataDir, true)).toEqual({ secret: 'very secret\n' })
  expect(besideOf(dataDir, false)).toEqual({})
  expect(() => requireEmpty(dataDir)).toThrow(/is not empty \(mongod, nats, secret\)/)
})

test('every_service_says_which_shapes_it_knows', async () => {
  const known = await knownSchemas()
  expect(Object.keys(known)).toContain('tasks')
  for (const shapes of Object.values(known))
    for (const shape of Object.values(shapes)) expect(shape).toBeGreaterThan(1)
  expect(known.notifier).toMatchObject({ deliveries: 2, subscriptions: 2 })
})
