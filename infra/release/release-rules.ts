// What a release changes, as text: the version by SemVer, the CHANGELOG, and the commands of its images. Pure.
import { compareVersions } from '../backup/manifest-rules.ts'

/** How a version grows (https://semver.org). */
export const STEPS = ['major', 'minor', 'patch'] as const
export type Step = (typeof STEPS)[number]

const UNRELEASED = '## Unreleased'
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/

/** A result, or a sentence that says what to do. */
export type Or<T> = Readonly<{ value: T } | { fault: string }>

/** The section of what is not released yet: its entries, without the heading. */
export const unreleasedOf = (changelog: string): Or<string> => {
  const start = changelog.indexOf(`${UNRELEASED}\n`)
  if (start < 0)
    return {
      fault: `CHANGELOG.md has no section "${UNRELEASED}": add it, with an entry for each change that people notice.`,
    }
  const rest = changelog.slice(start + UNRELEASED.length + 1)
  const end = rest.search(/^## /m)
  const entries = (end < 0 ? rest : rest.slice(0, end)).trim()
  return /^- \S/m.test(entries)
    ? { value: entries }
    : { fault: 'CHANGELOG.md has no entry under "## Unreleased": there is nothing to release.' }
}

/** The least step that the entries allow: fixes alone are a patch, and before 1.0.0 nothing is more than a minor. */
export const leastStep = (entries: string, version: string): Step => {
  const headings = new Set(
    [...entries.matchAll(/^### (.+)$/gm)].map(([, name]) => name?.trim().toLowerCase()),
  )
  if (headings.has('removed')) return version.startsWith('0.') ? 'minor' : 'major'
  return headings.size > 0 && [...headings].every((name) => name === 'fixed' || name === 'security')
    ? 'patch'
    : 'minor'
}

/** The version after a step. */
export const stepped = (version: string, step: Step): string => {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  if (step === 'major') return `${major + 1}.0.0`
  return step === 'minor' ? `${major}.${minor + 1}.0` : `${major}.${minor}.${patch + 1}`
}

/**
 * The version to release.
 * @param asked a step, a version, or nothing: then the least step that the entries allow
 */
export const nextVersion = (version: string, asked: string | undefined, entries: string): Or<string> => {
  const step = asked ?? leastStep(entries, version)
  if (STEPS.some((one) => one === step)) return { value: stepped(version, step as Step) }
  if (!VERSION.test(step))
    return {
      fault: `${step} is neither a version nor a step: say ${STEPS.join(', ')}, or a version such as ${stepped(version, 'minor')}.`,
    }
  return compareVersions(step, version) > 0
    ? { value: step }
    : { fault: `${step} is not newer than ${version}: say a newer version.` }
}

/** The CHANGELOG with its entries under the version, and an empty section above. @param day ISO 8601, such as `2026-11-28` */
export const releasedChangelog = (changelog: string, version: string, day: string): string =>
  changelog.replace(`${UNRELEASED}\n`, `${UNRELEASED}\n\n## ${version} (${day})\n`)

/** A JSON text with another version, otherwise as it was: the first one, and in a lockfile also that of the project. */
export const withVersion = (text: string, before: string, version: string, times: number): string => {
  let left = times
  return text.replaceAll(`"version": ${JSON.stringify(before)}`, (found) => {
    left -= 1
    return left < 0 ? found : `"version": ${JSON.stringify(version)}`
  })
}

/** The text of a Helm chart with another version, of itself and of what it installs. */
export const chartWithVersion = (text: string, version: string): string =>
  text
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^appVersion: .*$/m, `appVersion: ${JSON.stringify(version)}`)

/** The platforms of the image. */
export const PLATFORMS = ['linux/amd64', 'linux/arm64'] as const

/** The tags of the image of a version: the version, and from 1.0.0 on its minor and major too. */
export const imageTags = (version: string): readonly string[] => {
  const [major, minor] = version.split('.')
  return [version, `${major}.${minor}`, ...(major === '0' ? [] : [`${major}`])]
}

/**
 * The command that builds and pushes the image (https://docs.docker.com/build/metadata/attestations/): for both platforms,
 * with the list of what is in it (SBOM) and how it was made (provenance).
 */
export const imageCommand = (version: string, image: string): string =>
  [
    'docker buildx build',
    `--platform ${PLATFORMS.join(',')}`,
    '--sbom=true --provenance=mode=max',
    ...imageTags(version).map((tag) => `--tag ${image}:${tag}`),
    `--label org.opencontainers.image.version=${version}`,
    '--file infra/Dockerfile --push .',
  ].join(' ')
