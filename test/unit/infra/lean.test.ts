// What a machine that only runs Loops has to install: the packages of production, by the size of what is in them.
import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const LIMIT_BYTES = 120e6

type Locked = Readonly<{ packages: Readonly<Record<string, Readonly<{ dev?: boolean }>>> }>

/** The sizes of all files and folders of a package, without the packages inside it. 0 where it is for another platform. */
const bytesOf = (folder: string): number => {
  const own = lstatSync(folder, { throwIfNoEntry: false })?.size ?? 0
  if (own === 0) return 0
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesOf(path)
    return sum + lstatSync(path).size
  }, own)
}

test('npm_start_installs_at_most_120_MB', () => {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as Locked
  const sizes = Object.entries(packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true)
    .map(([path]) => ({ path, bytes: bytesOf(join(ROOT, path)) }))
    .toSorted((a, b) => b.bytes - a.bytes)
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  const largest = sizes.slice(0, 20).map(({ path, bytes }) => `${(bytes / 1e6).toFixed(1)} MB ${path}`)
  // A package that is missing would make it light.
  expect(sizes.filter(({ bytes }) => bytes > 0).length).toBeGreaterThan(300)
  expect(total, largest.join('\n')).toBeLessThanOrEqual(LIMIT_BYTES)
})
