// What is said of a mongod that dies again and again.
import { expect, test } from 'vitest'
import { adviceFor } from '../../../infra/servers/mongod.ts'

test.each(['6.19.0', '6.20.1-arch1-1', '7.0.0-14-generic'])(
  'a_kernel_that_is_to_blame_is_named_on_%s',
  (kernel) => {
    expect(adviceFor(kernel, 'linux')).toMatch(/Linux 6\.19 and newer.*MONGOMS_SYSTEM_BINARY/)
  },
)

test.each([
  ['6.18.9', 'linux'],
  ['5.15.0-100-generic', 'linux'],
  ['25.1.0', 'darwin'],
])('no_other_kernel_is_blamed: %s on %s', (kernel, platform) => {
  expect(adviceFor(kernel, platform)).toBeUndefined()
})
