// Every attack that the project must withstand is shown to fail by a test that exists.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ATTACKS } from '../support/attacks.ts'

const TESTS = join(import.meta.dirname, '..')

test.each(ATTACKS.map(([attack, ...shown]) => ({ attack, shown })))('$attack', ({ shown }) => {
  for (const [file, name] of shown) expect(readFileSync(join(TESTS, file), 'utf8')).toContain(`'${name}`)
})
