// Keeps downloaded server binaries in a folder, so that later starts need no network.
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Binary, Kind } from './binary.ts'
import { sha256Of } from './binary.ts'
import { isAlive } from './identity.ts'

const recordPath = (folder: string, kind: Kind) => join(folder, `${kind.name}.json`)

/** The kept binary of a kind, if it is there and its SHA-256 has not changed. */
export const findKept = async (folder: string, kind: Kind): Promise<Binary | undefined> => {
  try {
    const record = JSON.parse(await readFile(recordPath(folder, kind), 'utf8')) as Omit<Binary, 'path'>
    const path = resolve(folder, kind.name)
    return (await sha256Of(path)) === record.sha256 ? { ...record, path } : undefined
  } catch {
    return undefined
  }
}

/** Moves a downloaded file into the folder. A rename is atomic, so a crash or a second process does no damage. */
export const keep = async (folder: string, kind: Kind, binary: Binary, scratch: string): Promise<Binary> => {
  const path = resolve(folder, kind.name)
  const { version, sha256, source } = binary
  const record = join(scratch, 'record.json')
  await writeFile(record, `${JSON.stringify({ version, sha256, source }, null, 2)}\n`)
  await chmod(binary.path, 0o755)
  await rename(binary.path, path)
  await rename(record, recordPath(folder, kind))
  return { path, version, sha256, source }
}

/** Runs `use` with an empty folder, then deletes it. It is beside the kept binaries, so that a move is a rename. */
export const withScratch = async <T>(folder: string, use: (scratch: string) => Promise<T>): Promise<T> => {
  await mkdir(folder, { recursive: true })
  await removeAbandonedScratch(folder)
  const scratch = await mkdtemp(join(resolve(folder), `.fetch-${process.pid}-`))
  try {
    return await use(scratch)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Removes the folders that killed processes left behind. */
const removeAbandonedScratch = async (folder: string): Promise<void> => {
  for (const name of await readdir(folder)) {
    const pid = /^\.fetch-(\d+)-/.exec(name)?.[1]
    if (pid !== undefined && !isAlive(Number(pid)))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}
