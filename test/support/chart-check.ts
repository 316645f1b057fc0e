// The check of the Helm chart: linted, rendered with each example, and validated as Kubernetes would. Runs no server.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processEnv } from '../../shared/process/config.ts'
import type { ChartTools } from './chart-tools.ts'

const CHART = join(import.meta.dirname, '..', '..', 'infra', 'chart')
const EXAMPLES = join(CHART, 'examples')
const LIMIT_MS = 120_000
/** The oldest version of Kubernetes that Chart.yaml allows. */
const KUBERNETES = '1.30'

type Ran = Readonly<{ ok: boolean; output: string; said: string }>

const run = (command: string, args: readonly string[]): Ran => {
  const { status, stdout, stderr, error } = spawnSync(command, [...args], {
    // Otherwise they would ask the cluster that this machine is connected to.
    env: { ...processEnv(), KUBECONFIG: '/dev/null' },
    encoding: 'utf8',
    timeout: LIMIT_MS,
    maxBuffer: 64 * 1024 * 1024,
  })
  const said = error ? error.message : `${stdout ?? ''}${stderr ?? ''}`
  return { ok: status === 0, output: stdout ?? '', said }
}

const examples = (): readonly string[] => readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'))

/** The ways in which the chart is rendered: as each example says, and with each of the operator's Jobs. */
const renderings = (): readonly Readonly<{ title: string; args: readonly string[] }>[] => [
  ...examples().map((name) => ({ title: name, args: ['--values', join(EXAMPLES, name)] })),
  ...['admin', 'keys', 'events', 'check-counts', 'backup', 'restore', 'wait'].map((program) => ({
    title: `the Job ${program}`,
    args: [
      '--set',
      'config.PUBLIC_URL=https://loops.example.com,admin.enabled=true,admin.args={people}',
    ].concat('--set', `admin.program=${program}`),
  })),
]

/** What the chart must refuse, and a part of what it then says. */
const REFUSED = [
  { args: [], says: 'Set config.PUBLIC_URL' },
  { args: ['--set', 'config.PUBLIC_URL=https://a.example,gatway.replicas=3'], says: 'gatway' },
  { args: ['--set', 'config.PUBLIC_URL=https://a.example,config.SIGN_UP=everybody'], says: 'SIGN_UP' },
  {
    args: ['--set', 'config.PUBLIC_URL=https://a.example,httpRoute.enabled=true'],
    says: 'httpRoute.parentRefs',
  },
] as const

const validated = (tools: ChartTools, files: readonly string[]): Ran =>
  run(tools.validate, ['--version', KUBERNETES, '--local-crds', tools.definitions, ...files])

/**
 * Checks the chart and the manifests of its examples.
 * @returns what is wrong, a text for each; empty where nothing is
 */
export const chartFaults = (tools: ChartTools): readonly string[] => {
  const folder = mkdtempSync(join(tmpdir(), 'loops-chart-'))
  const faults: string[] = []
  const found = (title: string, { ok, said }: Ran): boolean => {
    if (!ok) faults.push(`${title}: ${said.trim()}`)
    return ok
  }
  try {
    for (const name of examples())
      found(
        `helm lint with ${name}`,
        run(tools.helm, ['lint', '--strict', CHART, '--values', join(EXAMPLES, name)]),
      )
    for (const { title, args } of renderings()) {
      const rendered = run(tools.helm, ['template', 'loops', CHART, '--namespace', 'loops', ...args])
      if (!found(`helm template with ${title}`, rendered)) continue
      const file = join(folder, `${title.replaceAll(/\W+/g, '-')}.yaml`)
      writeFileSync(file, rendered.output)
      found(`kubectl-validate with ${title}`, validated(tools, [file]))
    }
    found('kubectl-validate of the servers', validated(tools, [join(EXAMPLES, 'servers')]))
    for (const { args, says } of REFUSED) {
      const { ok, said } = run(tools.helm, ['template', 'loops', CHART, ...args])
      if (ok || !said.includes(says))
        faults.push(
          `helm template ${args.join(' ')} must be refused with “${says}”: ${said.trim().slice(0, 500)}`,
        )
    }
    return faults
  } finally {
    rmSync(folder, { recursive: true })
  }
}
