// How the engine gets images: from a registry that answers, and what is reported when one does not.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { getContainerRuntimeClient, ImageName } from 'testcontainers'
import { afterAll, expect, test } from 'vitest'
import type { Report } from '../../infra/report.ts'
import { isDockerdHere } from '../support/engine.ts'
import { buildImage, pullImages, TEST_LABEL } from '../support/images.ts'

const open = new AsyncDisposableStack()
afterAll(() => open.disposeAsync())

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

/** A file of no bytes, as tar(5) writes it: one header, then two empty blocks that end the archive. */
const tarOf = (name: string): Buffer => {
  const header = Buffer.alloc(512)
  header.write(name, 0)
  header.write('0000644\0', 100)
  header.write('00000000000\0', 124)
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([header, Buffer.alloc(1024)])
}

/** An image of one layer in the pieces that a registry serves (https://distribution.github.io/distribution/spec/api/). */
const imageOf = (mark: string) => {
  const tar = tarOf(mark)
  const layer = gzipSync(tar)
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: {},
      rootfs: { type: 'layers', diff_ids: [digestOf(tar)] },
    }),
  )
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
      config: {
        mediaType: 'application/vnd.docker.container.image.v1+json',
        size: config.length,
        digest: digestOf(config),
      },
      layers: [
        {
          mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
          size: layer.length,
          digest: digestOf(layer),
        },
      ],
    }),
  )
  return { manifest, blobs: new Map([config, layer].map((bytes) => [digestOf(bytes), bytes])) }
}

const registry = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  open.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `localhost:${(server.address() as AddressInfo).port}`
}

// The registries are on this machine, so only a daemon on this machine can reach them.
const testHere = test.skipIf(!isDockerdHere())
const lines: string[] = []
const report: Report = { step: (text) => void lines.push(text), progress: () => undefined }

testHere('pulled_from_a_registry_that_has_it_and_not_asked_for_again', async () => {
  const { manifest, blobs } = imageOf(`mark-${process.pid}`)
  let requests = 0
  const host = await registry(({ url = '' }, response) => {
    requests += 1
    const blob = blobs.get(url.split('/').at(-1) ?? '')
    const body = url.includes('/manifests/') ? manifest : (blob ?? Buffer.from('{}'))
    const type = url.includes('/manifests/')
      ? 'application/vnd.docker.distribution.manifest.v2+json'
      : 'application/octet-stream'
    response.writeHead(200, {
      'content-type': type,
      'content-length': body.length,
      'docker-content-digest': digestOf(body),
    })
    response.end(body)
  })
  const name = `${host}/loops-pulled:1`
  const client = await getContainerRuntimeClient()
  open.defer(() => client.container.dockerode.getImage(name).remove({ force: true }))

  expect(await pullImages([name], { client, report })).toEqual([name])
  expect(await client.image.exists(ImageName.fromString(name))).toBe(true)
  const before = requests
  expect(before).toBeGreaterThan(0)
  expect(await pullImages([name], { client, report })).toEqual([name])
  expect(requests).toBe(before)
})

testHere('given_up_when_a_registry_refuses_and_said_once_for_all_images', async () => {
  const host = await registry((_request, response) => response.writeHead(404).end('{}'))
  const client = await getContainerRuntimeClient()
  lines.length = 0

  const names = [`${host}/loops-absent:1`, `${host}/loops-absent:2`]
  expect(await pullImages(names, { client, report })).toEqual([undefined, undefined])
  expect(lines.filter((line) => line.includes('Cannot pull')).join()).toContain('loops-absent:1')
})

testHere('given_up_when_nothing_comes_from_a_registry', async () => {
  const host = await registry(() => undefined)
  const client = await getContainerRuntimeClient()
  lines.length = 0

  const found = await pullImages([`${host}/loops-silent:1`], { client, report, firstByteLimitMs: 300 })

  expect(found).toEqual([undefined])
  expect(lines.join()).toContain('nothing came for 0.3 s')
})

test('a_failed_build_says_where_it_failed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-build-'))
  open.defer(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY nowhere-to-be-found /\n')
  const client = await getContainerRuntimeClient()

  const building = buildImage(client, folder, ['.'], {
    t: 'loops-test/broken:1',
    labels: { [TEST_LABEL]: 'image' },
  })

  await expect(building).rejects.toThrow(/loops-test\/broken:1 could not be built: .*nowhere-to-be-found/)
})
