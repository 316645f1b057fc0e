// The parts of the benchmark that run a whole installation, each service in a process of its own or many replicas in one:
// what is measured, as a section of the table.
import { benchConnections } from './connections.ts'
import { benchHardware } from './hardware.ts'
import { benchIdle } from './idle.ts'
import { ms, type Section } from './measure.ts'
import { benchReplicas, CALLERS, QUARTER } from './replicas.ts'
import type { Servers } from './servers.ts'
import { benchStart, TASKS as START_TASKS } from './start.ts'

/** What each process needs, and the disk for a million tasks and events. */
export const hardware = async (servers: Servers): Promise<Section> => {
  const found = await benchHardware(servers)
  const { tasks, agents, create, read, processes, disk } = found
  const gigabytes = (bytes: number): string => `${((bytes * 1e6) / 1e9).toFixed(1)} GB`
  const rows = processes.map(
    ({ name, before_mb, after_mb, cpu_ms }) =>
      `| ${name} | ${Math.round(before_mb)} MB | ${Math.round(after_mb)} MB | ${ms(cpu_ms)} |`,
  )
  return {
    raw: found,
    lines: [
      `## What Loops needs, with each service in a process of its own and ${agents} calls at once: ${tasks} × create_task, ${tasks} × get_task`,
      '| process | memory at first | after the calls | processor time per call |',
      '|---|---|---|---|',
      ...rows,
      '',
      `create_task: ${Math.round(create.perSecond)}/s, p50 ${ms(create.p50)}, p99 ${ms(create.p99)}. get_task: ${Math.round(read.perSecond)}/s, p50 ${ms(read.p50)}, p99 ${ms(read.p99)}.`,
      '',
      `On disk, per million: tasks ${gigabytes(disk.task_bytes)} in MongoDB with all that belongs to them, events ${gigabytes(disk.event_bytes)} in NATS (${disk.events_per_task.toFixed(1)} for each task).`,
    ],
  }
}

/** Calls per second of 1, 2 and 4 of each service under quotas. */
export const replicas = async (servers: Servers): Promise<Section> => {
  const found = await benchReplicas(servers)
  const rows = found.map((run, index) => {
    const before = found[index - 1]
    const growth = before ? (run.per_second / before.per_second / 2).toFixed(2) : ''
    const { failed, p50_ms, per_second, busy, others_cores } = run
    return `| ${run.replicas} | ${Math.round(per_second)}/s | ${ms(p50_ms)} | ${growth} | ≥ 0.85 | ${failed} | ${Math.round(busy * 100)} % | ${others_cores.toFixed(1)} |`
  })
  return {
    raw: found,
    lines: [
      `## Calls of several of each service, each process held to ${QUARTER} of a core, ${CALLERS} callers for each. Where the machine is busy through and through, it is the limit, and the figures say nothing of Loops`,
      '| of each | calls per second | p50 | per doubling | goal | failed | machine busy | cores that others took |',
      '|---|---|---|---|---|---|---|---|',
      ...rows,
    ],
  }
}

/** What connections and streams cost while nothing happens. */
export const connections = async (servers: Servers): Promise<Section> => {
  const found = await benchConnections(servers)
  const rows = Object.entries(found).map(
    ([what, { count, memory_bytes, cpu_ms_per_hour }]) =>
      `| ${count} ${what} | ${(memory_bytes / 1_024).toFixed(1)} KiB | ${ms(cpu_ms_per_hour)} |`,
  )
  return {
    raw: found,
    lines: [
      '## What one idle stream of events or kept connection costs the gateway',
      '| idle | memory of each | processor time of each in an hour |',
      '|---|---|---|',
      ...rows,
    ],
  }
}

/** How long all services take to start on existing data. */
export const start = async (servers: Servers): Promise<Section> => {
  const found = await benchStart(servers)
  return {
    raw: found,
    lines: [
      `## Start of all services in one process on ${START_TASKS} tasks, servers running`,
      `p50 ${ms(found.p50)}, the longest ${ms(found.p99)} (goal ≤ 1.5 s).`,
    ],
  }
}

/** What an installation does while nobody uses it, by its replicas. */
export const idle = async (servers: Servers, say: (line: string) => void): Promise<Section> => {
  const found = await benchIdle(servers, say)
  const [one] = found
  const rows = found.map(({ replicas, commands, messages, cpu }) => {
    const ratios = one ? [commands / one.commands, messages / one.messages, cpu / one.cpu] : []
    const [more_commands = 1, more_messages = 1, more_cpu = 1] = ratios
    return `| ${replicas} | ${commands.toFixed(1)} (× ${more_commands.toFixed(2)}) | ${messages.toFixed(1)} (× ${more_messages.toFixed(2)}) | ${(100 * cpu).toFixed(1)} % (× ${more_cpu.toFixed(2)}) |`
  })
  return {
    raw: found,
    lines: [
      '## Nobody does anything, with so many replicas of each service in one process; goal: commands that grow much less than the replicas',
      '| replicas | MongoDB commands per second | NATS messages per second | of a core |',
      '|---|---|---|---|',
      ...rows,
    ],
  }
}
