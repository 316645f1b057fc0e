// Time that passes only while everybody waits for it. Knows nothing of what they do meanwhile.

type Sleeper = Readonly<{ at_ms: number; wake: () => void }>

export type SimulatedTime = Readonly<{
  /** What has passed (ms). */
  now_ms: () => number
  /** Waits until so much more has passed. Only within `live`. */
  sleep: (ms: number) => Promise<void>
  /** Runs somebody's life. */
  live: (life: () => Promise<void>) => Promise<void>
  /** Lets time pass, and wakes those whose time has come. */
  pass: (ms: number) => void
  /** Waits until nobody is awake. @returns whether somebody sleeps; otherwise every life is over. */
  allAsleep: () => Promise<boolean>
}>

/** Opens a time of its own. */
export const openSimulatedTime = (): SimulatedTime => {
  let now_ms = 0
  let awake = 0
  let sleepers: readonly Sleeper[] = []
  let asleep = Promise.withResolvers<void>()
  const rest = (): void => {
    awake -= 1
    if (awake === 0) asleep.resolve()
  }
  return {
    now_ms: () => now_ms,
    sleep: (ms) =>
      new Promise((wake) => {
        sleepers = [...sleepers, { at_ms: now_ms + ms, wake }]
        rest()
      }),
    live: async (life) => {
      awake += 1
      try {
        await life()
      } finally {
        rest()
      }
    },
    pass: (ms) => {
      now_ms += ms
      const due = sleepers.filter(({ at_ms }) => at_ms <= now_ms)
      sleepers = sleepers.filter(({ at_ms }) => at_ms > now_ms)
      awake += due.length
      for (const { wake } of due) wake()
    },
    allAsleep: async () => {
      while (awake > 0) {
        asleep = Promise.withResolvers()
        await asleep.promise
      }
      return sleepers.length > 0
    },
  }
}
