// What a backup says about itself: read back as written, and refused in a sentence where it cannot be restored.
import { describe, expect, test } from 'vitest'
import {
  compareVersions,
  FORMAT,
  fileFault,
  filesOf,
  fingerprintOf,
  fitsSecret,
  type Manifest,
  manifestText,
  nextEpoch,
  readManifest,
  refusalOf,
  roomFor,
} from '../../../infra/backup/manifest-rules.ts'

const SHA = 'a'.repeat(64)
const SECRET = 'a secret of the tests that is long enough'
const tasks = {
  service: 'tasks',
  name: 'tasks',
  path: 'databases/tasks/tasks.bson.gz',
  ...{ bytes: 10, sha256: SHA, schema: 1, documents: 2, document_bytes: 40 },
  indexes: [{ key: { ws: 1, _id: -1 }, name: 'workspace' }],
}
const manifest: Manifest = {
  ...{ format: FORMAT, id: '01JD3XS7A8J3V5P3C4QW2ZK9HT', loops: '0.2.0' },
  started_at: '2026-11-28T02:00:00.000Z',
  ...{ moment: '2026-11-28T02:00:01.000Z', epoch: null, secret: fingerprintOf(SECRET) },
  collections: [tasks],
  files: [{ path: 'secret', bytes: 44, sha256: SHA }],
}
const known = { loops: '0.2.0', schemas: { tasks: {} } }
const text = manifestText(manifest)
const faultOf = (changed: string): string => {
  const read = readManifest(changed, '/b')
  return 'fault' in read ? read.fault : ''
}
const withMembers = (members: object): Manifest => ({ ...manifest, ...members }) as Manifest

test('read_back_as_it_was_written', () => {
  expect(readManifest(text, '/b')).toEqual({ manifest })
  expect(filesOf(manifest).map(({ path }) => path)).toEqual([tasks.path, 'secret'])
})

test.each([
  ['empty', ''],
  ['no JSON', text.slice(0, -20)],
  ['a list', '[]'],
  ['another count', text.replace('"documents": 2', '"documents": 3')],
  ['another hash of a file', text.replace(SHA, SHA.replace('a', 'b'))],
  ['without its own hash', JSON.stringify(manifest)],
])('a_manifest_that_was_changed_is_refused: %s', (_, changed) => {
  expect(faultOf(changed)).toBe(
    '/b/manifest.json was changed or is damaged: restore from another copy of this backup.',
  )
})

test.each([
  '../../etc/passwd',
  '/etc/passwd',
  'databases/../secret.bson.gz',
  'databases/tasks/../../x.bson.gz',
  'databases/tasks/a/b.bson.gz',
])('a_path_that_leads_out_of_the_folder_is_refused: %s', (path) => {
  expect(faultOf(manifestText(withMembers({ collections: [{ ...tasks, path }] })))).toMatch(/was changed/)
})

describe('a newer release made it', () => {
  test('its_form_is_named_though_it_cannot_be_read', () => {
    const newer = { ...manifest, format: FORMAT + 1, loops: '3.0.0', collections: 'elsewhere' }
    expect(faultOf(manifestText(newer as unknown as Manifest))).toBe(
      '/b was made by a newer release of Loops (3.0.0; format 2, this release knows 1): restore it with that release.',
    )
  })

  test('so_is_a_newer_version', () => {
    expect(refusalOf(withMembers({ loops: '0.10.0' }), known, '/b')).toMatch(
      /made by Loops 0\.10\.0, which is newer than this release \(0\.2\.0\)/,
    )
    expect(refusalOf(manifest, known, '/b')).toBeUndefined()
    expect(refusalOf(withMembers({ loops: '0.1.9' }), known, '/b')).toBeUndefined()
  })

  test('so_is_a_newer_shape_of_a_collection', () => {
    const collections = [{ ...tasks, schema: 3 }]
    const older = { ...known, schemas: { tasks: { tasks: 2 } } }
    expect(refusalOf(withMembers({ collections }), older, '/b')).toBe(
      '/b has tasks.tasks in a newer shape (3; this release knows 2): restore it with a newer release.',
    )
    expect(refusalOf(withMembers({ collections }), known, '/b')).toMatch(/this release knows 1/)
    const same = { ...known, schemas: { tasks: { tasks: 3 } } }
    expect(refusalOf(withMembers({ collections }), same, '/b')).toBeUndefined()
  })

  test('so_is_a_service_that_is_not_there', () => {
    const collections = [{ ...tasks, service: 'calendar' }]
    expect(refusalOf(withMembers({ collections }), known, '/b')).toMatch(/service calendar/)
  })
})

test('versions_are_compared_by_their_numbers', () => {
  expect(compareVersions('0.10.0', '0.9.9')).toBeGreaterThan(0)
  expect(compareVersions('1.0.0', '1.0.0')).toBe(0)
  expect(compareVersions('1.0.0-rc.1', '1.0.0')).toBeLessThan(0)
  expect(compareVersions('0.9.0', '1.0.0')).toBeLessThan(0)
})

test('a_file_that_is_missing_or_changed_is_named', () => {
  expect(fileFault(tasks, null, '/b')).toBe(
    '/b is half a backup: databases/tasks/tasks.bson.gz is missing. Restore from another copy of it.',
  )
  expect(fileFault(tasks, { bytes: 9 }, '/b')).toMatch(/tasks\.bson\.gz was changed/)
  expect(fileFault(tasks, { bytes: 10, sha256: 'b'.repeat(64) }, '/b')).toMatch(/was changed/)
  expect(fileFault(tasks, { bytes: 10 }, '/b')).toBeUndefined()
  expect(fileFault(tasks, { bytes: 10, sha256: SHA }, '/b')).toBeUndefined()
})

test('room_is_asked_for_by_what_the_documents_take', () => {
  expect(roomFor(withMembers({ collections: [{ ...tasks, document_bytes: 5e9 }] }))).toBeGreaterThan(5e9)
})

test('each_epoch_is_later_than_the_one_before_even_where_a_clock_went_back', () => {
  const now = new Date('2026-11-28T02:00:00.000Z')
  expect(nextEpoch(null, now)).toBe('2026-11-28T02:00:00.000Z')
  expect(nextEpoch('2026-11-27T02:00:00.000Z', now)).toBe('2026-11-28T02:00:00.000Z')
  expect(nextEpoch('2026-11-29T02:00:00.000Z', now)).toBe('2026-11-29T02:00:00.001Z')
  expect(nextEpoch('2026-11-28T02:00:00.000Z', now)).toBe('2026-11-28T02:00:00.001Z')
})

test('the_secret_is_recognized_and_not_shown', () => {
  expect(text).not.toContain(SECRET)
  expect(fitsSecret(manifest, [SECRET])).toBe(true)
  expect(fitsSecret(manifest, ['another', SECRET])).toBe(true)
  expect(fitsSecret(manifest, ['another'])).toBe(false)
  expect(fitsSecret(withMembers({ secret: null }), ['another'])).toBe(true)
})
