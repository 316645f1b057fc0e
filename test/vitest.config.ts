// The kinds of tests, what each kind needs started before it, and how long it may take.
import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const SERVERS = './support/global-setup.ts'
const BROWSER = './support/browser-setup.ts'

const project = (name: string, seconds: number, globalSetup: string[]) => ({
  extends: true as const,
  test: {
    name,
    include: [`${name}/**/*.test.ts`],
    globalSetup,
    setupFiles: globalSetup.includes(SERVERS)
      ? ['./support/drop-databases.ts', './support/sharding/guard.ts']
      : [],
    testTimeout: seconds * 1_000,
    hookTimeout: Math.max(seconds, 30) * 1_000,
  },
})

export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../node_modules/.vite',
  test: {
    // A process for each file: the services and clients of one do not see those of another, and a crash is one file's.
    pool: 'forks',
    // More files than cores would only slow each other down, and all share the same two servers.
    maxWorkers: Math.min(Math.max(availableParallelism(), 2), 4),
    silent: 'passed-only',
    // What a test waits for comes in milliseconds; only a busy machine needs more, and a test that fails can wait.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    projects: [
      // Some read every file of the project, which takes a busy machine long.
      project('unit', 60, []),
      project('service', 60, [SERVERS]),
      project('conformance', 60, [SERVERS]),
      project('e2e', 180, [SERVERS]),
      project('pages', 120, [SERVERS, BROWSER]),
      // Servers of its own, which it kills.
      project('chaos', 300, []),
    ],
  },
})
