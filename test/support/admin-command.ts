// Runs `npm run admin` as an operator does, against the gateway of a test.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { GatewayEnvironment } from './gateway-environment.ts'

const FILE = join(import.meta.dirname, '..', '..', 'infra', 'admin.ts')

/** The LOOPS_SECRET of a gateway that commands are run beside: they find no other. */
export const SECRET = 'a secret of the tests that is long enough'

/** How a command ended, and what it said. */
export type Ran = Readonly<{ code: number; out: string; err: string }>

export const runAdmin = async (
  { stack, url }: Pick<GatewayEnvironment, 'stack' | 'url'>,
  ...args: readonly string[]
): Promise<Ran> => {
  const env = {
    PATH: process.env.PATH,
    MONGODB_URL: stack.mongodbUrl,
    LOOPS_SECRET: SECRET,
    PUBLIC_URL: url,
  }
  try {
    const ran = await promisify(execFile)(process.execPath, [FILE, ...args], { env })
    return { code: 0, out: ran.stdout, err: ran.stderr }
  } catch (error) {
    const { code, stdout: out, stderr: err } = error as { code: number; stdout: string; stderr: string }
    return { code, out, err }
  }
}
