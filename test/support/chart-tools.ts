// The programs that check the Helm chart, and the schemas of what is no part of Kubernetes itself. Knows no check.
// All come from Go modules of one version each, and are kept in the user's cache folder.
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { cacheFolder } from '../../infra/servers/cache.ts'

type Env = Readonly<Record<string, string | undefined>>

const PROGRAMS = {
  helm: 'helm.sh/helm/v4/cmd/helm@v4.3.1',
  'kubectl-validate': 'sigs.k8s.io/kubectl-validate@v0.0.4',
} as const

/** Modules that have the definition of a kind in one of their files. */
const DEFINITIONS = [
  {
    module: 'sigs.k8s.io/gateway-api@v1.4.0',
    file: 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml',
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    file: 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
  },
] as const

const BUILD_LIMIT_MS = 1_200_000

/** Where both programs are, and the folder with the definitions. */
export type ChartTools = Readonly<{ helm: string; validate: string; definitions: string }>

const folderOf = (env: Env): string => join(cacheFolder(env), 'chart-tools')

const onPath = (name: string, env: Env): string | undefined =>
  (env.PATH ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file))

/** What is there of them, from the cache or the PATH; undefined where one is missing. */
export const findChartTools = (env: Env): ChartTools | undefined => {
  const folder = folderOf(env)
  const find = (name: string): string | undefined =>
    [join(folder, name)].find((file) => existsSync(file)) ?? onPath(name, env)
  const [helm, validate, definitions] = [find('helm'), find('kubectl-validate'), join(folder, 'definitions')]
  return helm && validate && existsSync(definitions) ? { helm, validate, definitions } : undefined
}

const go = (args: readonly string[], env: Env): string => {
  const { status, stdout, error } = spawnSync('go', [...args], {
    cwd: '/',
    env: { ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: BUILD_LIMIT_MS,
    encoding: 'utf8',
  })
  if (error)
    throw new Error('Go does not run: install it (https://go.dev/dl), then try again.', { cause: error })
  if (status !== 0) throw new Error(`go ${args.join(' ')} failed: see above.`)
  return stdout
}

/**
 * Builds the programs and fetches the definitions, once.
 * @param say gets a line before each step that takes long
 * @throws Error with a sentence when Go is missing or a step fails; the next call goes on from there
 */
export const buildChartTools = (env: Env, say: (line: string) => void): void => {
  const folder = folderOf(env)
  mkdirSync(folder, { recursive: true })
  for (const [name, source] of Object.entries(PROGRAMS)) {
    if (existsSync(join(folder, name))) continue
    say(`Building ${source} …`)
    go(['install', source], { ...env, GOBIN: folder, CGO_ENABLED: '0' })
  }
  const definitions = join(folder, 'definitions')
  if (existsSync(definitions)) return
  const made = `${definitions}.part`
  rmSync(made, { recursive: true, force: true })
  mkdirSync(made)
  for (const { module, file } of DEFINITIONS) {
    say(`Fetching ${module} …`)
    const { Dir } = JSON.parse(go(['mod', 'download', '-json', module], env)) as { Dir: string }
    cpSync(join(Dir, file), join(made, file.split('/').at(-1) ?? ''))
  }
  cpSync(made, definitions, { recursive: true })
  rmSync(made, { recursive: true })
}
