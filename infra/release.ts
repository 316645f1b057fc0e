// `npm run release`: makes a release as far as this machine can, and says what is left to a person with a registry.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import release from '../package.json' with { type: 'json' }
import { systemClock } from '../shared/process/clock.ts'
import {
  chartWithVersion,
  imageCommand,
  nextVersion,
  type Or,
  releasedChangelog,
  unreleasedOf,
  withVersion,
} from './release/release-rules.ts'
import { messageOf, StartFault } from './report.ts'
import { runCommand } from './running.ts'

const USAGE = `npm run release -- --dry-run              says what a release would change, and changes nothing
npm run release -- major | minor | patch  makes it: files, commit and tag, all on this machine
npm run release -- 1.2.0                  makes it under this version
Without a version, the entries in CHANGELOG.md decide.`

/** Where the image goes, in the commands that a person runs. */
const IMAGE = 'REGISTRY/loops'
const ROOT = join(import.meta.dirname, '..')
const CHART = 'infra/chart/Chart.yaml'
const CHANGELOG = 'CHANGELOG.md'
const RELEASED_EVENTS = 'infra/released-events.json'

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const read = (name: string): string => readFileSync(join(ROOT, name), 'utf8')
const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim()

/** @throws StartFault for a fault */
const required = <T>(found: Or<T>): T => {
  if ('fault' in found) throw new StartFault(found.fault)
  return found.value
}

/** @throws StartFault unless git has everything as it is, on a commit without the tag */
const requireClean = (tag: string): void => {
  const changed = git('status', '--porcelain')
  if (changed !== '')
    throw new StartFault('The working tree has changes: commit or remove them, then release.', [
      ...changed.split('\n').slice(0, 10),
    ])
  if (git('tag', '--list', tag) !== '')
    throw new StartFault(`The tag ${tag} exists already: release another version.`)
}

/** A file that a release changes: its name, its new text, and what is new in it. */
type Change = Readonly<{ name: string; text: string; what: string }>

const changesTo = (version: string): readonly Change[] => {
  const json = (name: string, times = 1): Change => ({
    name,
    text: withVersion(read(name), release.version, version, times),
    what: `version ${release.version} → ${version}`,
  })
  const day = systemClock.now().toISOString().slice(0, 10)
  const chart = existsSync(join(ROOT, CHART))
    ? [
        {
          name: CHART,
          text: chartWithVersion(read(CHART), version),
          what: `version and appVersion ${version}`,
        },
      ]
    : []
  return [
    json('package.json'),
    json('package-lock.json', 2),
    json('infra/plugin/.claude-plugin/plugin.json'),
    {
      name: CHANGELOG,
      text: releasedChangelog(read(CHANGELOG), version, day),
      what: `heading ${version} (${day})`,
    },
    ...chart,
  ]
}

/** Runs `npm run contracts` with these arguments. @throws StartFault with what it says if it refuses */
const contracts = (...args: string[]): void => {
  const { status, stderr } = spawnSync(process.execPath, ['infra/contracts.ts', ...args], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  if (status !== 0) throw new StartFault(stderr.trim() || 'npm run contracts failed: run it to see why.')
}

/** What only a person can do, since it needs a registry and its login. */
const leftOver = (version: string, tag: string): readonly string[] => [
  `docker login ${IMAGE.split('/')[0]}`,
  imageCommand(version, IMAGE),
  `git push origin HEAD ${tag}`,
  ...(existsSync(join(ROOT, CHART))
    ? ['helm package infra/chart', `helm push loops-${version}.tgz oci://${IMAGE.split('/')[0]}`]
    : []),
]

const run = (asked: string | undefined, dry: boolean): number => {
  const entries = required(unreleasedOf(read(CHANGELOG)))
  const version = required(nextVersion(release.version, asked, entries))
  const tag = `v${version}`
  requireClean(tag)
  // Also says what would break readers of released events.
  contracts('--check')
  const changes = changesTo(version)
  say(dry ? `Release ${version} would change:` : `Release ${version} changes:`)
  for (const { name, what } of changes) say(`  ${name}: ${what}`)
  say(`  ${RELEASED_EVENTS}: the events of now, as those of ${version}`)
  say(`  git: a commit "Release ${version}", and the tag ${tag}`)
  if (!dry) {
    for (const { name, text } of changes) writeFileSync(join(ROOT, name), text)
    contracts('--release', version)
    git('add', ...changes.map(({ name }) => name), RELEASED_EVENTS)
    git('commit', '--quiet', '--message', `Release ${version}`)
    git('tag', '--annotate', tag, '--message', `Loops ${version}`)
  }
  say('Left to a person, with the address of the registry for REGISTRY:')
  for (const command of leftOver(version, tag)) say(`  ${command}`)
  return 0
}

await runCommand(async () => {
  try {
    const { values, positionals } = parseArgs({
      options: { 'dry-run': { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    if (positionals.length <= 1) return run(positionals[0], values['dry-run'])
  } catch (error) {
    if (
      error instanceof StartFault ||
      !String((error as { code?: string }).code).startsWith('ERR_PARSE_ARGS')
    )
      throw error
    say(messageOf(error))
  }
  say(USAGE)
  return 2
})
