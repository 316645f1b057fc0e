// The files of an image made FROM scratch: a program of this machine, the libraries that it loads and what it needs
// around it. Knows no container engine.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Report, StartFault } from '../../infra/report.ts'
import { sha256Of } from '../../infra/servers/binary.ts'
import type { Binary } from '../../infra/servers.ts'
import { step } from './progress.ts'

/** What goes into a stand-in. */
export type Blueprint = Readonly<{
  name: string
  binary: Binary
  /** Where the program is inside. */
  target: string
  /** Empty folders to have. */
  folders: readonly string[]
  /** Folders of this machine to take along, with what tells one version of their content from another. */
  trees: readonly Readonly<{ from: string; to: string; version: string }>[]
  /** Text of the Dockerfile, whose build context is the file system of the image. */
  dockerfile: string
}>

const run = promisify(execFile)
const INSTALL_LIMIT_MS = 300_000

/** Lays out the image's file system in a folder, lends it to `build`, and deletes it. */
export const buildStandIn = async (
  blueprint: Blueprint,
  build: (folder: string) => Promise<void>,
): Promise<void> => {
  if (process.platform !== 'linux') {
    throw new StartFault(
      `The image ${blueprint.name} cannot be pulled, and its stand-in can be made on Linux only: let the container engine reach its registry, then run npm test again.`,
    )
  }
  const folder = await mkdtemp(join(tmpdir(), 'loops-stand-in-'))
  try {
    const put = async (from: string, to: string) => {
      await mkdir(join(folder, dirname(to)), { recursive: true })
      await copyFile(from, join(folder, to))
    }
    await put(blueprint.binary.path, blueprint.target)
    await chmod(join(folder, blueprint.target), 0o755)
    for (const library of await librariesOf(blueprint.binary.path)) await put(library, library)
    for (const path of ['/tmp', ...blueprint.folders]) {
      await mkdir(join(folder, path), { recursive: true })
      // mkdir's own mode is cut by the umask, and the program may run as any user.
      await chmod(join(folder, path), 0o1777)
    }
    for (const { from, to } of blueprint.trees) await cp(from, join(folder, to), { recursive: true })
    await writeFile(join(folder, 'Dockerfile'), blueprint.dockerfile)
    await writeFile(join(folder, '.dockerignore'), 'Dockerfile\n.dockerignore\n')
    await build(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Paths of the shared libraries that a program loads, its dynamic linker among them; none for a static one. */
const librariesOf = async (path: string): Promise<string[]> => {
  const { stdout } = await run('ldd', [path]).catch((error: { stderr?: string; stdout?: string }) => {
    if (/not a dynamic executable|statically linked/.test(`${error.stderr}${error.stdout}`))
      return { stdout: '' }
    throw error
  })
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, library]) => library ?? '')
}

/** A base for the project's own image: this Node and the packages of production, which need npm to be had. */
export const nodeBlueprint = async (
  options: Readonly<{ report: Report; cacheDir: string }>,
  root: string,
): Promise<Blueprint> => {
  const sha256 = await sha256Of(process.execPath)
  const binary = {
    path: process.execPath,
    version: process.versions.node,
    sha256,
    source: 'package node',
  }
  const packages = await productionPackages(options, root)
  return {
    name: 'node',
    binary,
    target: '/usr/local/bin/node',
    folders: [],
    trees: [{ ...packages, to: '/app/node_modules' }],
    dockerfile: ['FROM scratch', 'COPY . /', 'ENV PATH=/usr/local/bin', 'ENTRYPOINT ["node"]'].join('\n'),
  }
}

/** Installs the packages of production beside the checkout's own, once for each lockfile. */
const productionPackages = async (
  { report, cacheDir }: Readonly<{ report: Report; cacheDir: string }>,
  root: string,
): Promise<{ from: string; version: string }> => {
  const lockfile = await readFile(join(root, 'package-lock.json'))
  const version = createHash('sha256').update(lockfile).digest('hex').slice(0, 16)
  const kept = join(cacheDir, `packages-${version}`)
  if (!existsSync(kept)) {
    await step(report, 'Packages of production for the image (npm ci --omit=dev)', async () => {
      const scratch = `${kept}.${process.pid}`
      await rm(scratch, { recursive: true, force: true })
      await mkdir(scratch, { recursive: true })
      for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
        await copyFile(join(root, file), join(scratch, file))
      }
      await run(
        'npm',
        ['ci', '--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund'],
        {
          cwd: scratch,
          timeout: INSTALL_LIMIT_MS,
        },
      )
      await rename(scratch, kept).catch(() => rm(scratch, { recursive: true, force: true }))
    })
  }
  return { from: join(kept, 'node_modules'), version }
}
