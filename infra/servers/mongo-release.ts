// The official download of MongoDB 8. mongodb-memory-server knows which archive fits which system and honours its own
// MONGOMS_* variables (mirror, version, URL); the bytes are fetched here, because its downloader accepts any TLS
// certificate and has no limit to the first byte.
import { copyFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DryMongoBinary } from 'mongodb-memory-server-core/lib/util/DryMongoBinary.js'
import { MongoBinaryDownloadUrl } from 'mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js'
import { download } from './download.ts'
import type { FetchContext, Source } from './sources.ts'
import { fetchFromArchive } from './sources.ts'

const VERSION = '8.2.6'
const MAX_CHECKSUM_BYTES = 4_096

/** MongoDB's own archive for this machine, or what mongodb-memory-server has fetched earlier for anybody. */
export const mongoRelease: Source = {
  title: 'the official download, MongoDB 8',
  fetch: async (context) => {
    const options = await DryMongoBinary.generateOptions({
      version: context.env.MONGOMS_VERSION ?? VERSION,
    })
    // With that variable set it would answer the named binary, which has been tried by now, instead of its cache.
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

/** MongoDB publishes `<archive>.sha256` beside each archive: the sum, two spaces, the archive's name. */
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
