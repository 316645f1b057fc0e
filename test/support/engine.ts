// The container engine of the tests: one that answers, or Docker, started as root on Debian. Knows nothing of images,
// containers or tests.
import { execFile, spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type ContainerRuntimeClient, getContainerRuntimeClient } from 'testcontainers'
import { type Report, StartFault } from '../../infra/report.ts'
import { canInstallPackages, installPackages } from '../../infra/servers/debian.ts'
import { identityOf } from '../../infra/servers/identity.ts'
import { noteEngine } from './engine-stop.ts'
import { step } from './progress.ts'

const run = promisify(execFile)
const DOCKER_SOCKET = '/var/run/docker.sock'
const DOCKERD_PID_FILE = '/var/run/docker.pid'
const CONTAINERD_PID_FILE = '/var/run/docker/containerd/containerd.pid'
const DOCKERD_LIMIT_MS = 60_000
const ANSWER_LIMIT_MS = 5_000
const POLL_MS = 200

/**
 * The client of a container engine that answers. Looks at what Testcontainers knows (DOCKER_HOST, its own properties
 * file, Docker's sockets), then Docker's current context and Podman's sockets; last, as root on Debian or Ubuntu,
 * installs and starts Docker. Sets DOCKER_HOST where that is how the engine was found, for every process below.
 * @param cacheDir where the output of a daemon that is started goes
 * @param runFolder where the run records a daemon that it has started
 * @throws StartFault with one sentence that says what to do
 */
export const ensureEngine = async (
  report: Report,
  cacheDir: string,
  runFolder: string,
): Promise<ContainerRuntimeClient> => {
  const found = (await answering()) ?? (await answeringElsewhere())
  const client = found ?? (await installed(report, cacheDir, runFolder))
  const { serverVersion, operatingSystem } = client.info.containerRuntime
  report.step(`  Container engine: ${serverVersion} on ${operatingSystem}`)
  return client
}

const answering = (): Promise<ContainerRuntimeClient | undefined> => {
  if (isLocal()) process.env.TESTCONTAINERS_HOST_OVERRIDE ??= '127.0.0.1'
  return getContainerRuntimeClient().catch(() => undefined)
}

/**
 * Whether published ports are on this machine. Its address is then given by number: a port of the name `localhost` is
 * another one for IPv6 than for IPv4. A machine that is itself a container is taken for one beside the daemon, unless
 * the daemon is seen here.
 */
const isLocal = (): boolean =>
  /^unix:|^$/.test(process.env.DOCKER_HOST ?? '') && (isDockerdHere() || !existsSync('/.dockerenv'))

/** Engines that Testcontainers does not look for by itself. */
const answeringElsewhere = async (): Promise<ContainerRuntimeClient | undefined> => {
  if (process.env.DOCKER_HOST) return undefined
  for (const host of [await dockerContext(), ...podmanSockets(), await podmanMachine()]) {
    if (!host) continue
    process.env.DOCKER_HOST = host
    const client = await answering()
    if (client) return client
    delete process.env.DOCKER_HOST
  }
  return undefined
}

const dockerContext = (): Promise<string | undefined> =>
  output('docker', ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'])

const podmanSockets = (): string[] => {
  const runtimeDirs = [process.env.XDG_RUNTIME_DIR, '/run']
  return runtimeDirs
    .filter((dir) => dir !== undefined)
    .map((dir) => join(dir, 'podman', 'podman.sock'))
    .filter((path) => existsSync(path))
    .map((path) => `unix://${path}`)
}

const podmanMachine = async (): Promise<string | undefined> => {
  const path = await output('podman', [
    'machine',
    'inspect',
    '--format',
    '{{.ConnectionInfo.PodmanSocket.Path}}',
  ])
  return path ? `unix://${path}` : undefined
}

const output = async (command: string, args: readonly string[]): Promise<string | undefined> => {
  try {
    return (await run(command, args, { timeout: ANSWER_LIMIT_MS })).stdout.trim() || undefined
  } catch {
    return undefined
  }
}

const installed = async (
  report: Report,
  cacheDir: string,
  runFolder: string,
): Promise<ContainerRuntimeClient> => {
  if (!canInstallPackages()) throw new StartFault(adviceWithoutEngine())
  if (!(await output('dockerd', ['--version']))) {
    await step(report, 'Docker: installing docker.io and iptables with apt-get', () =>
      installPackages(['docker.io', 'iptables']),
    )
  }
  return step(report, 'Docker: starting the daemon', () => startDockerd(cacheDir, runFolder))
}

const adviceWithoutEngine = (): string => {
  const host = process.env.DOCKER_HOST
  if (host)
    return `The container engine at DOCKER_HOST=${host} does not answer: start it, or unset DOCKER_HOST.`
  if (existsSync(DOCKER_SOCKET) && !mayUse(DOCKER_SOCKET)) {
    return `You may not use ${DOCKER_SOCKET}: add your user to the group docker (sudo usermod -aG docker $USER), sign in again and run npm test again.`
  }
  return 'No container engine answers, and the tests run NATS and MongoDB in containers: install and start Docker (https://docs.docker.com/get-docker/) or Podman, then run npm test again. `npm test -- unit` runs the tests that need none.'
}

const mayUse = (path: string): boolean => {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Starts the daemon and waits until it answers. Under systemd as its unit; otherwise in a session of its own with its
 * output in a file, since a child that kept this process's output open would hang whoever waits for the test run. `npm test` ends it with its run.
 */
const startDockerd = async (cacheDir: string, runFolder: string): Promise<ContainerRuntimeClient> => {
  if (existsSync('/run/systemd/system')) {
    await run('systemctl', ['start', 'docker'], { timeout: DOCKERD_LIMIT_MS })
    noteEngine(runFolder, 'systemd')
    return untilAnswering(() => undefined, 'see journalctl -u docker')
  }
  removeUnlessOf('dockerd', DOCKERD_PID_FILE)
  removeUnlessOf('containerd', CONTAINERD_PID_FILE)
  mkdirSync(cacheDir, { recursive: true })
  const logFile = join(cacheDir, 'dockerd.log')
  const log = openSync(logFile, 'a')
  // Its proxy of published ports copies each byte once more: a twelfth of all that the tests cost.
  const daemon = spawn('dockerd', ['--userland-proxy=false'], {
    detached: true,
    stdio: ['ignore', log, log],
  })
  let ended: string | undefined
  daemon.on('error', (error) => {
    ended = error.message
  })
  daemon.on('exit', (code) => {
    ended = `it ended with code ${code}`
  })
  daemon.unref()
  noteEngine(runFolder, String(daemon.pid))
  return untilAnswering(() => ended, `its output is in ${logFile}`)
}

const untilAnswering = async (
  ended: () => string | undefined,
  where: string,
): Promise<ContainerRuntimeClient> => {
  const deadline = performance.now() + DOCKERD_LIMIT_MS
  while (performance.now() < deadline) {
    const client = await answering()
    if (client) return client
    // Where another run starts a daemon at the same time, ours exits and theirs answers soon.
    const lastWords = isDockerdHere() ? undefined : ended()
    if (lastWords) throw new StartFault(`The Docker daemon does not start (${lastWords}): ${where}.`)
    await delay(POLL_MS)
  }
  throw new StartFault(`The Docker daemon does not answer within ${DOCKERD_LIMIT_MS / 1000} s: ${where}.`)
}

/** Whether Docker's daemon runs on this very machine. */
export const isDockerdHere = (): boolean => isProcessOf('dockerd', DOCKERD_PID_FILE)

/** A hard stop leaves these files behind, and the daemon would wait for an unrelated process with the old pid. */
const removeUnlessOf = (name: string, pidFile: string): void => {
  if (!isProcessOf(name, pidFile)) rmSync(pidFile, { force: true })
}

const isProcessOf = (name: string, pidFile: string): boolean => {
  try {
    const [, command = ''] = identityOf(Number(readFileSync(pidFile, 'utf8')))?.split(' ') ?? []
    return basename(command) === name
  } catch {
    return false
  }
}
