// `npm run release` in a copy of the project: it changes what it says, stops before anything remote, and refuses the rest.
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const WHO = { NAME: 'A Tester', EMAIL: 'tester@example.com' }
const ENV = {
  PATH: process.env.PATH,
  HOME: tmpdir(),
  ...Object.fromEntries(
    Object.entries(WHO).flatMap(([part, value]) => [
      [`GIT_AUTHOR_${part}`, value],
      [`GIT_COMMITTER_${part}`, value],
    ]),
  ),
}

let copy: string
const git = (...args: string[]): string =>
  execFileSync('git', args, { cwd: copy, env: ENV, encoding: 'utf8' }).trim()
const release = (...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['infra/release.ts', ...args], {
    cwd: copy,
    env: ENV,
    encoding: 'utf8',
  })
  return { code: status, said: stdout + stderr }
}
const read = (name: string): string => readFileSync(join(copy, name), 'utf8')
const versionIn = (name: string): string => (JSON.parse(read(name)) as { version: string }).version

beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'release-'))
  const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  for (const name of tracked.split('\0').filter((one) => one !== ''))
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, force: true })
  git('init', '--quiet')
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
  writeFileSync(join(copy, '.git', 'info', 'exclude'), 'node_modules\n')
  // An entry of its own, so that there is something to release at any time.
  const changelog = read('CHANGELOG.md').replace(
    '## Unreleased\n',
    '## Unreleased\n\n### Added\n\n- Tried.\n',
  )
  writeFileSync(join(copy, 'CHANGELOG.md'), changelog)
  git('add', '--all')
  git('commit', '--quiet', '--message', 'A copy')
}, 60_000)
beforeEach(() => {
  git('reset', '--quiet', '--hard')
})
afterAll(() => rmSync(copy, { recursive: true, force: true }))

test('a_dry_run_says_what_it_would_change_and_changes_nothing', () => {
  const before = git('rev-parse', 'HEAD')
  const { code, said } = release('--dry-run', '98.0.0')
  expect(code, said).toBe(0)
  for (const words of [
    'Release 98.0.0 would change:',
    'package.json: version',
    'CHANGELOG.md: heading 98.0.0 (',
    'infra/released-events.json',
    '--platform linux/amd64,linux/arm64 --sbom=true --provenance=mode=max',
    'docker login REGISTRY',
    'git push origin HEAD v98.0.0',
  ])
    expect(said).toContain(words)
  expect(git('status', '--porcelain')).toBe('')
  expect([git('rev-parse', 'HEAD'), git('tag', '--list')]).toEqual([before, ''])
})

test('changes_that_are_not_committed_stop_it', () => {
  appendFileSync(join(copy, 'LICENSE'), 'And more.\n')
  const { code, said } = release('minor')
  expect(code).toBe(1)
  expect(said).toMatch(/The working tree has changes: commit or remove them, then release\.\n {2}M LICENSE/)
})

test.each([
  [['next'], /neither a version nor a step/, 1],
  [['0.0.1'], /is not newer than/, 1],
  [['minor', 'major'], /npm run release -- --dry-run/, 2],
  [['--force'], /npm run release -- --dry-run/, 2],
] as const)('%s_is_refused', (args, sentence, code) => {
  expect(release(...args)).toEqual({ code, said: expect.stringMatching(sentence) })
})

test('a_release_is_files_a_commit_and_a_tag_on_this_machine', () => {
  const { code, said } = release('99.0.0')
  expect(code, said).toBe(0)
  expect(git('status', '--porcelain')).toBe('')
  expect(git('log', '-1', '--format=%s')).toBe('Release 99.0.0')
  expect(git('tag', '--points-at', 'HEAD')).toBe('v99.0.0')
  for (const name of ['package.json', 'package-lock.json', 'infra/plugin/.claude-plugin/plugin.json'])
    expect(versionIn(name), name).toBe('99.0.0')
  expect(versionIn('infra/released-events.json')).toBe('99.0.0')
  expect(read('CHANGELOG.md')).toMatch(
    /## Unreleased\n\n## 99\.0\.0 \(\d{4}-\d\d-\d\d\)\n\n### Added\n\n- Tried\./,
  )
  expect(git('remote')).toBe('')
  expect(release('99.1.0').said).toMatch(/nothing to release/)
})
