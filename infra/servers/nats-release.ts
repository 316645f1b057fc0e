// The official release of nats-server: one pinned version, with the SHA-256 of each platform's archive.
import type { Source } from './sources.ts'
import { fetchFromArchive } from './sources.ts'

/** The pinned release. Its checksums are from the Dockerfiles of the project (nats-io/nats-docker). */
const VERSION = '2.14.5'
const HOST = 'https://github.com/nats-io/nats-server/releases/download'

/** The archive's suffix and its SHA-256, by Node's names of platform and architecture. */
const ARCHIVES: Readonly<Record<string, readonly [suffix: string, sha256: string]>> = {
  'linux-x64': ['linux-amd64', '5e3b603d47c447bda1f77f9ac16dbf91c90aac4ff3681f8fbbc7201e4ed99355'],
  'linux-arm64': ['linux-arm64', '673a98d3faa79dde3f9ebf16d6dfac36a5f694e7ad2015e4954dd7939c85cd4c'],
  'linux-arm': ['linux-arm7', 'c8796b63a8603fdebabd63146ac3d3997c29a2829fdd2af6db320f4a287f2e71'],
  'linux-ppc64': ['linux-ppc64le', '5d8f1a264a3bc4b30899814ae8e898b1268e817074635adddd24b32f388e4cc4'],
  'linux-s390x': ['linux-s390x', '829193e8c592e0df5f15402c27417df18d26503d22b77dfc9491982fe0b51a67'],
  'darwin-x64': ['darwin-amd64', 'f95c98d6b6ed2b63c5681b46b092c9585c99767d547cf495730c329234625e96'],
  'darwin-arm64': ['darwin-arm64', 'ddd907854d9a2de834af133fa396915fe6442fe6d8909ae31390d1ea7a0fea50'],
}

/** The release archive for this machine. */
export const natsRelease: Source = {
  title: `the official release, nats-server ${VERSION}`,
  fetch: (context) => {
    const platform = `${process.platform}-${process.arch}`
    const archive = ARCHIVES[platform]
    if (archive === undefined) throw new Error(`there is none for ${platform}`)
    const [suffix, sha256] = archive
    const url = `${HOST}/v${VERSION}/nats-server-v${VERSION}-${suffix}.tar.gz`
    return fetchFromArchive({ url, sha256 }, 'nats-server', context)
  },
}
