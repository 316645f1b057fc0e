// The images that the tests run, the project's own among them. Official images are pulled where possible; otherwise
// stand-ins are made of the same programs on this machine. Starts no container.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ContainerRuntimeClient, ImageName } from 'testcontainers'
import { formatBytes, messageOf, type Report, StartFault } from '../../infra/report.ts'
import type { Binary } from '../../infra/servers/binary.ts'
import { binariesFolder, cacheFolder as cacheFolderOf } from '../../infra/servers/cache.ts'
import { type ResolveOptions, resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { step } from './progress.ts'
import { type Blueprint, buildStandIn, nodeBlueprint } from './stand-in.ts'

/** The user's cache folder for this project: server binaries, the daemon's output. */
export const cacheFolder = (): string => cacheFolderOf(process.env)

/** Where the tests look for a server's program, and store one that they download. */
export const serverSearch = (): ResolveOptions => ({
  cacheDir: binariesFolder(process.env, tmpdir()),
  env: process.env,
})

/** What is needed to find or make an image. */
export type ImageContext = Readonly<{
  client: ContainerRuntimeClient
  report: Report
  /** How long a registry may take to answer first; 10 s when absent. */
  firstByteLimitMs?: number
}>

/** Names of images that are on the engine. */
export type ServerImages = Readonly<{ nats: string; mongo: string }>

/** Labels every image, container and network of the tests, so that leftovers can be identified. */
export const TEST_LABEL = 'loops.test'

const ROOT = join(import.meta.dirname, '..', '..')
// The same as .dockerignore allows, repeated so that nothing else is read.
const PROJECT_FILES = ['package.json', 'package-lock.json', 'shared', 'services', 'infra']
const RYUK_IMAGE = 'testcontainers/ryuk:0.14.0'
const FIRST_BYTE_LIMIT_MS = 10_000
const STALL_LIMIT_MS = 60_000

/**
 * The images of the two servers. Also decides whether Testcontainers may use Ryuk, its reaper, which is an image too:
 * where it cannot be pulled, and with Podman (which does not lend its socket), the tests clean up by themselves.
 * @throws StartFault that says which server is missing and what to install
 */
export const serverImages = async (context: ImageContext): Promise<ServerImages> => {
  const withRyuk = !context.client.info.containerRuntime.remoteSocketPath.includes('podman')
  const [nats, mongo, ryuk] = await pullImages(
    ['nats:2', 'mongo:8', ...(withRyuk ? [RYUK_IMAGE] : [])],
    context,
  )
  if (ryuk) process.env.RYUK_CONTAINER_IMAGE = ryuk
  else process.env.TESTCONTAINERS_RYUK_DISABLED = 'true'
  return {
    nats: nats ?? (await serverStandIn('nats', '/nats-server', [], resolveNatsServer, context)),
    mongo: mongo ?? (await serverStandIn('mongo', '/usr/bin/mongod', ['/data/db'], resolveMongod, context)),
  }
}

const serverStandIn = async (
  name: string,
  target: string,
  folders: readonly string[],
  resolve: (options: ResolveOptions) => Promise<Binary>,
  context: ImageContext,
): Promise<string> => {
  const { report } = context
  const binary = await resolve({ ...serverSearch(), report })
  const dockerfile = ['FROM scratch', 'COPY . /', `ENTRYPOINT ["${target}"]`].join('\n')
  return standIn({ name, binary, target, folders, dockerfile }, context)
}

/** The project's own image, built from this checkout on Node's official image or its stand-in. Returns its name. */
export const projectImage = async (context: ImageContext): Promise<string> => {
  const [official] = await pullImages(['node:24-slim'], context)
  const base = official ?? (await standIn(await nodeBlueprint(context.report, ROOT), context))
  const checkout = createHash('sha256').update(ROOT).digest('hex').slice(0, 12)
  const name = `loops-test/loops:${checkout}`
  await step(context.report, `Image of this checkout on ${base}`, () =>
    buildImage(context.client, ROOT, PROJECT_FILES, {
      t: name,
      dockerfile: 'infra/Dockerfile',
      buildargs: { BASE: base },
      labels: { [TEST_LABEL]: 'image' },
    }),
  )
  return name
}

const standIn = async (blueprint: Blueprint, context: ImageContext): Promise<string> => {
  const { client, report } = context
  const { binary, dockerfile, name } = blueprint
  const contents = [binary.sha256, dockerfile, blueprint.more?.version]
  const tag = createHash('sha256').update(contents.join('\n')).digest('hex').slice(0, 16)
  const image = `loops-test/${name}:${tag}`
  if (await client.image.exists(ImageName.fromString(image))) return image
  await step(report, `Stand-in for the image ${name}, version ${binary.version} (${binary.source})`, () =>
    buildStandIn(blueprint, (folder) =>
      buildImage(client, folder, ['.'], { t: image, labels: { [TEST_LABEL]: 'image' } }),
    ),
  )
  return image
}

type BuildOptions = Readonly<{
  t: string
  dockerfile?: string
  buildargs?: Record<string, string>
  labels: Record<string, string>
}>

/**
 * Builds through the engine's interface, since its command may be absent, and fails with the build's own error.
 * @param files the files of the folder that form the build context
 */
export const buildImage = async (
  client: ContainerRuntimeClient,
  folder: string,
  files: readonly string[],
  options: BuildOptions,
): Promise<void> => {
  const { dockerode } = client.container
  const tar = spawn('tar', ['-c', '-C', folder, ...files], { stdio: ['ignore', 'pipe', 'inherit'] })
  const stream = await dockerode.buildImage(tar.stdout, { ...options, forcerm: true })
  try {
    await follow(stream)
  } catch (error) {
    throw new StartFault(`The image ${options.t} could not be built: ${messageOf(error).trim()}`)
  }
}

/**
 * The full names of the images that are on the engine or can be pulled to it, each undefined when not; says why once,
 * since most often one reason holds for all.
 */
export const pullImages = async (
  names: readonly string[],
  context: Pick<ImageContext, 'client' | 'report' | 'firstByteLimitMs'>,
): Promise<(string | undefined)[]> => {
  const { client, report } = context
  const reasons = new Map<string, string[]>()
  const found = await Promise.all(
    names.map(async (name) => {
      const image = ImageName.fromString(name)
      try {
        if (!(await client.image.exists(image))) await pull(image.string, context)
        return image.string
      } catch (error) {
        const reason = shortened(messageOf(error))
        reasons.set(reason, [...(reasons.get(reason) ?? []), name])
        return undefined
      }
    }),
  )
  for (const [reason, images] of reasons) report.step(`  Cannot pull ${images.join(', ')}: ${reason}`)
  return found
}

const pull = async (
  image: string,
  { client, report, firstByteLimitMs = FIRST_BYTE_LIMIT_MS }: Parameters<typeof pullImages>[1],
): Promise<void> => {
  const { dockerode } = client.container
  const abort = new AbortController()
  const tooSlow = (limitMs: number) =>
    setTimeout(() => abort.abort(new Error(`nothing came for ${limitMs / 1000} s`)), limitMs)
  let limit = tooSlow(firstByteLimitMs)
  try {
    const stream = await dockerode.pull(image, { abortSignal: abort.signal }).catch((error) => {
      throw abort.signal.aborted ? abort.signal.reason : error
    })
    const layers = new Map<string, number>()
    report.step(`  Pulling ${image} …`)
    const arrived = follow(stream, ({ status, id = '', progressDetail }) => {
      clearTimeout(limit)
      limit = tooSlow(STALL_LIMIT_MS)
      if (status === 'Downloading') layers.set(id, progressDetail?.current ?? 0)
      const bytes = [...layers.values()].reduce((sum, size) => sum + size, 0)
      report.progress(`  Pulling ${image}: ${formatBytes(bytes)}`)
    })
    const aborted = once(abort.signal, 'abort').then(() => Promise.reject(abort.signal.reason))
    await Promise.race([arrived, aborted])
  } finally {
    clearTimeout(limit)
  }
}

/** An engine's report on a long job, one JSON value a line. */
type EngineEvent = Readonly<{
  status?: string
  id?: string
  progressDetail?: { current?: number }
  error?: string
}>

/**
 * Reads an engine's report to its end. The status was sent as success long before, so faults come within the report.
 * @throws Error with the fault that it reports
 */
const follow = async (
  stream: NodeJS.ReadableStream,
  onEvent: (event: EngineEvent) => void = () => undefined,
): Promise<void> => {
  for await (const line of createInterface({ input: stream })) {
    if (line === '') continue
    const event = JSON.parse(line) as EngineEvent
    if (event.error) throw new Error(event.error)
    onEvent(event)
  }
}

/** An engine names the address several times over; the end of its message says what happened. */
const shortened = (reason: string): string => {
  const end = reason.replace(/\s+/g, ' ').trim().split(': ').slice(-2).join(': ')
  return end.length > 200 ? `${end.slice(0, 200)}…` : end
}
