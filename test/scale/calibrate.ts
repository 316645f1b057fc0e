// Holds the simulation against real runs: 1, 2 and 4 replicas of everything on this machine, each process held to a part of
// a core.
import { cpus } from 'node:os'
import { type ReplicasRun, runReplicas } from '../bench/replicas.ts'
import type { Servers } from '../bench/servers.ts'
import { calibrationRow } from './calibration-rules.ts'
import type { CalibrationRow, Costs } from './costs-rules.ts'

export const REPLICAS = [1, 2, 4] as const

/** Runs and simulates each number of replicas. @param cores what each process is held to */
export const calibrate = async (
  servers: Servers,
  costs: Costs,
  cores: number,
  say: (line: string) => void,
): Promise<CalibrationRow[]> => {
  const rows: CalibrationRow[] = []
  for (const replicas of REPLICAS) {
    say(`${replicas} of each, held to ${cores} of a core`)
    const run: ReplicasRun = await runReplicas(servers, replicas, cores)
    rows.push(calibrationRow(costs, { ...run, machine_cores: cpus().length }))
  }
  return rows
}
