// An operator's command whose reader is slow: all of its output arrives.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'

const RUNNING = join(import.meta.dirname, '..', '..', '..', 'infra', 'running.ts')
/** More than a pipe holds. */
const LINES = 100_000

test('is_read_to_the_last_line', async () => {
  const program = `
    import { runCommand } from ${JSON.stringify(RUNNING)}
    await runCommand(async () => {
      for (let line = 1; line <= ${LINES}; line += 1) process.stdout.write(\`line \${line}\\n\`)
      return 3
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    text += chunk
    await turn()
  }
  const [code] = child.exitCode === null ? await once(child, 'close') : [child.exitCode]
  expect(code).toBe(3)
  expect(text.trimEnd().split('\n').at(-1)).toBe(`line ${LINES}`)
})
