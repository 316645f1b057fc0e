// What a release changes, decided from the CHANGELOG and the version that was asked for.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import {
  chartWithVersion,
  imageCommand,
  imageTags,
  leastStep,
  nextVersion,
  releasedChangelog,
  unreleasedOf,
  withVersion,
} from '../../../infra/release/release-rules.ts'

const read = (name: string): string => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')
const CHANGELOG = '# Changes\n\n## Unreleased\n\n### Added\n\n- A thing.\n\n## 0.1.0\n\n- The first.\n'

describe('the entries', () => {
  test('are_those_of_the_section', () => {
    expect(unreleasedOf(CHANGELOG)).toEqual({ value: '### Added\n\n- A thing.' })
  })

  test.each([
    ['no section', '# Changes\n\n## 0.1.0\n\n- The first.\n', /has no section "## Unreleased"/],
    ['none', '# Changes\n\n## Unreleased\n\n## 0.1.0\n\n- The first.\n', /nothing to release/],
    ['a heading alone', '## Unreleased\n\n### Added\n', /nothing to release/],
  ])('are_missed_in_a_sentence: %s', (_, text, sentence) => {
    expect(unreleasedOf(text)).toMatchObject({ fault: expect.stringMatching(sentence) })
  })

  test('move_under_the_version_and_leave_an_empty_section', () => {
    const released = releasedChangelog(CHANGELOG, '0.2.0', '2026-11-28')
    expect(released).toContain(
      '## Unreleased\n\n## 0.2.0 (2026-11-28)\n\n### Added\n\n- A thing.\n\n## 0.1.0',
    )
    expect(unreleasedOf(released)).toMatchObject({ fault: expect.any(String) })
  })
})

describe('the version', () => {
  test('follows_the_entries_where_none_is_asked_for', () => {
    expect(leastStep('### Fixed\n\n- A.', '0.1.0')).toBe('patch')
    expect(leastStep('### Fixed\n\n- A.\n\n### Added\n\n- B.', '0.1.0')).toBe('minor')
    expect(leastStep('### Removed\n\n- A.', '0.1.0')).toBe('minor')
    expect(leastStep('### Removed\n\n- A.', '1.4.0')).toBe('major')
    expect(leastStep('- A.', '1.4.0')).toBe('minor')
  })

  test.each([
    [undefined, '0.2.0'],
    ['patch', '0.1.1'],
    ['minor', '0.2.0'],
    ['major', '1.0.0'],
    ['0.10.0', '0.10.0'],
  ])('%s_makes_%s', (asked, value) => {
    expect(nextVersion('0.1.0', asked, '### Added\n\n- A.')).toEqual({ value })
  })

  test.each([
    ['0.1.0', /not newer than 0\.1\.0/],
    ['0.0.9', /not newer/],
    ['next', /neither a version nor a step/],
    ['v1.0.0', /neither/],
    ['1.0', /neither/],
    ['01.0.0', /neither/],
  ])('%s_is_refused', (asked, sentence) => {
    expect(nextVersion('0.1.0', asked, '- A.')).toMatchObject({ fault: expect.stringMatching(sentence) })
  })
})

test('the_version_stands_where_it_stood_and_nothing_else_changes', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  for (const [name, times] of [
    ['package.json', 1],
    ['package-lock.json', 2],
    ['infra/plugin/.claude-plugin/plugin.json', 1],
  ] as const) {
    const text = read(name)
    const changed = JSON.parse(withVersion(text, version, '9.9.9', times))
    const before = JSON.parse(text)
    expect(changed.version, name).toBe('9.9.9')
    expect(withVersion(JSON.stringify(changed, null, 2), '9.9.9', version, times), name).toBe(
      JSON.stringify(before, null, 2),
    )
    if (times === 2) expect(changed.packages[''].version).toBe('9.9.9')
  }
  expect(chartWithVersion('name: loops\nversion: 0.1.0\nappVersion: "0.1.0"\n', '0.2.0')).toBe(
    'name: loops\nversion: 0.2.0\nappVersion: "0.2.0"\n',
  )
})

test('the_image_is_for_two_platforms_and_says_what_is_in_it', () => {
  expect(imageTags('0.2.0')).toEqual(['0.2.0', '0.2'])
  expect(imageTags('1.2.3')).toEqual(['1.2.3', '1.2', '1'])
  const command = imageCommand('1.2.3', 'r.example/loops')
  expect(command).toContain('--platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max')
  expect(command).toContain('--tag r.example/loops:1.2.3 --tag r.example/loops:1.2 --tag r.example/loops:1')
})
