// What one call, event, mail, webhook call and idle stream costs, and whether a file of such costs is whole. Pure.
import { z } from 'zod'

/** The calls that are measured. */
export const CALLS = [
  'create_task',
  'get_task',
  'get_next_work',
  'claim_next_work',
  'complete_task',
  'update_task',
  'list_tasks',
  'ship_loop',
] as const
export type CallName = (typeof CALLS)[number]

/** Where processor time is spent. */
export const PLACES = ['gateway', 'loops-queue', 'tasks', 'notifier', 'webhooks', 'mongodb', 'nats'] as const
export type PlaceName = (typeof PLACES)[number]

const figure = z.number().finite().nonnegative()
const unit = z.strictObject({
  /** Processor time of each place (ms). */
  cpu_ms: z.record(z.enum(PLACES), figure),
  mongodb_commands: figure,
  mongodb_bytes: figure,
  nats_messages: figure,
  nats_bytes: figure,
  writes: figure,
  /** Events that it makes; what they cost is not in these figures, but in those of an event. */
  events: figure,
  /** What leaves the installation, and what stays in its database (bytes). */
  sent_bytes: figure,
  kept_bytes: figure,
})
/** What one of something costs. */
export type UnitCost = z.infer<typeof unit>

const calibrationRow = z.strictObject({
  replicas: figure,
  /** What each process was held to, and what everything else on the machine took (cores). */
  cores: figure,
  others_cores: figure,
  real_per_second: figure,
  simulated_per_second: figure,
  real_p50_ms: figure,
  simulated_p50_ms: figure,
  used_most: z.string(),
})
/** A real run and its simulation. */
export type CalibrationRow = z.infer<typeof calibrationRow>

const costs = z.strictObject({
  measured: z.strictObject({ on: z.iso.date(), machine: z.string().min(1) }),
  calls: z.record(z.enum(CALLS), unit),
  event: unit,
  mail: unit,
  webhook: unit,
  /** One idle event stream for an hour, and its memory in the gateway (bytes). */
  stream: unit.extend({ memory_bytes: figure }),
  /** What one process of each place takes while nothing happens (cores). */
  idle_cores: z.record(z.enum(PLACES), figure),
  /** Waiting that costs no processor: one durable write with its sync, and one exchange with a mail server (ms). */
  wait_ms: z.strictObject({ write: figure, smtp: figure }),
  /** Real runs beside their simulation. */
  calibration: z
    .strictObject({ on: z.iso.date(), machine: z.string(), rows: z.array(calibrationRow) })
    .optional(),
})
/** All unit costs of one measurement. */
export type Costs = z.infer<typeof costs>

/**
 * Reads a file of costs.
 * @throws Error that says what is wrong and how to get a good one
 */
export const readCosts = (text: string): Costs => {
  try {
    return costs.parse(JSON.parse(text))
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : String(error)
    throw new Error(`The costs are not whole. Measure them again. ${why}`)
  }
}

/** The processor time of one of something in all places together (ms). */
export const cpuOf = ({ cpu_ms }: UnitCost): number =>
  Object.values(cpu_ms).reduce((sum, one) => sum + one, 0)

/** One of something with what its events cost. */
export const withEvents = (cost: UnitCost, event: UnitCost): UnitCost => ({
  ...cost,
  cpu_ms: Object.fromEntries(
    PLACES.map((name) => [name, cost.cpu_ms[name] + cost.events * event.cpu_ms[name]]),
  ) as UnitCost['cpu_ms'],
  kept_bytes: cost.kept_bytes + cost.events * event.kept_bytes,
})
