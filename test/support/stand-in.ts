// The files of an image made FROM scratch: a program of this machine, its libraries and what it needs. Knows no
// container engine.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Report, StartFault } from '../../infra/report.ts'
import type { Binary } from '../../infra/servers/binary.ts'
import { sha256Of } from '../../infra/servers/binary.ts'
import { step } from './progress.ts'

/** What goes into a stand-in. */
export type Blueprint = Readonly<{
  name: string
  binary: Binary
  /** Where the program is inside. */
  target: string
  /** Empty folders to create. */
  folders: readonly string[]
  /** What else to put into the image's file system, and a key that changes with it. */
  more?: Readonly<{ version: string; putInto: (folder: string) => Promise<void> }>
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
    for (const path of ['/tmp', ...blueprint.folders]) {
      await mkdir(join(folder, path), { recursive: true })
      // mkdir's own mode is cut by the umask, and the program may run as any user.
      await chmod(join(folder, path), 0o1777)
    }
    await blueprint.more?.putInto(folder)
    const programs = [blueprint.binary.path, ...(await addonsIn(folder))]
    const libraries = new Set((await Promise.all(programs.map(librariesOf))).flat())
    for (const library of libraries) await put(library, library)
    await writeFile(join(folder, 'Dockerfile'), blueprint.dockerfile)
    await writeFile(join(folder, '.dockerignore'), 'Dockerfile\n.dockerignore\n')
    await build(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The native add-ons of Node's packages, which load libraries of their own. */
const addonsIn = async (folder: string): Promise<string[]> => {
  const files = await readdir(folder, { recursive: true })
  return files.filter((file) => file.endsWith('.node')).map((file) => join(folder, file))
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

/** A base for the project's own image: this Node with the packages of production, since the stand-in has no npm. */
export const nodeBlueprint = async (report: Report, root: string): Promise<Blueprint> => {
  const sha256 = await sha256Of(process.execPath)
  const lockfile = await readFile(join(root, 'package-lock.json'))
  return {
    name: 'node',
    binary: { path: process.execPath, version: process.versions.node, sha256, source: 'package node' },
    target: '/usr/local/bin/node',
    folders: [],
    more: {
      version: createHash('sha256').update(lockfile).digest('hex'),
      putInto: (folder) =>
        step(report, 'Packages of production (npm ci --omit=dev)', () =>
          installPackages(root, join(folder, 'app')),
        ),
    },
    dockerfile: ['FROM scratch', 'COPY . /', 'ENV PATH=/usr/local/bin', 'ENTRYPOINT ["node"]'].join('\n'),
  }
}

const installPackages = async (root: string, folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true })
  for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
    await copyFile(join(root, file), join(folder, file))
  }
  const options = ['--omit=dev', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund']
  await run('npm', ['ci', ...options], { cwd: folder, timeout: INSTALL_LIMIT_MS })
}
