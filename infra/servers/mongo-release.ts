// Downloads the official MongoDB 8.
// mongodb-memory-server knows which archive fits which system, and reads its MONGOMS_* variables (mirror, version, URL). Its
// downloader is not used: it accepts any TLS certificate, and may wait forever for the first byte.
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { download } from './download.ts'
import type { FetchContext, Source } from './sources.ts'
import { fetchFromArchive } from './sources.ts'

const VERSION = '8.2.6'
const MAX_CHECKSUM_BYTES = 4_096

/** MongoDB's archive for this machine, or a copy that mongodb-memory-server downloaded earlier. */
export const mongoRelease: Source = {
  title: 'the official download, MongoDB 8',
  fetch: async (context) => {
    // Loaded only where a server has to be fetched: most starts find one.
    const { DryMongoBinary } = await import('mongodb-memory-server-core/lib/util/DryMongoBinary.js')
    const { MongoBinaryDownloadUrl } = await import(
      'mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js'
    )
    const options = await DryMongoBinary.generateOptions({
      version: context.env.MONGOMS_VERSION ?? VERSION,
    })
    // With this variable set, it would return the named binary, which has already failed, and not look into its cache.
    const earlier = context.env.MONGOMS_SYSTEM_BINARY ? undefined : await DryMongoBinary.locateBinary(options)
    if (earlier !== undefined) {
      const copy = join(context.scratch, context.name)
      await copyFile(earlier, copy)
      return copy
    }
    const { platform, arch, os } = options
    const url = await new MongoBinaryDownloadUrl({
      version: options.version,
      platform,
      arch,
      os,
    }).getDownloadUrl()
    return await fetchFromArchive({ url, sha256: await publishedSha256(url, context) }, 'bin/mongod', context)
  },
}

/** Reads `<archive>.sha256`, which MongoDB publishes beside each archive: the checksum, two spaces, the archive's name. */
const publishedSha256 = async (url: string, { scratch, env, signal }: FetchContext): Promise<string> => {
  const to = join(scratch, 'archive.sha256')
  await download({
    url: `${url}.sha256`,
    to,
    env,
    signal,
    max_bytes: MAX_CHECKSUM_BYTES,
  })
  const sum = /^[0-9a-f]{64}\b/i.exec(await readFile(to, 'utf8'))?.[0]
  if (sum === undefined) throw new Error(`${url}.sha256 is not a checksum`)
  return sum.toLowerCase()
}
