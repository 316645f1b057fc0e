// The images that an operator's installation is made of: of one version each, so that a second machine, or the same one a
// month later, runs what the first one ran.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const all = (pattern: RegExp, text: string): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found)

/** Its own image is built from the checkout. */
const OWN = 'loops'

test('each_names_one_version_whole', () => {
  const images = [
    ...all(/^\s*image: (\S+)$/gm, read('infra/compose.yaml')),
    ...all(/^ARG BASE=(\S+)$/gm, read('infra/Dockerfile')),
  ].filter((image) => image !== OWN)
  expect(images.length).toBeGreaterThan(3)
  for (const image of images)
    expect(image).toMatch(/^[a-z]+:\d+\.\d+\.\d+(-[a-z-]+)?(@sha256:[0-9a-f]{64})?$/)
})

test('node_is_the_one_that_the_tests_run_on', () => {
  const [fetched] = all(/^const NODE_INSTEAD = '([\d.]+)'$/gm, read('infra/bootstrap.mjs'))
  expect(fetched).toMatch(/^\d+\.\d+\.\d+$/)
  expect(read('infra/Dockerfile')).toContain(`node:${fetched}-`)
})
