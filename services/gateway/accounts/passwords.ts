// Hashes passwords in a small pool of its own: a storm of sign-ins must take neither the threads that everything else needs
// nor more memory than this. Knows no accounts.
import { hash, verify } from '@node-rs/argon2'
import { translatedError } from '../translated-errors.ts'
import { normalizePassword } from './person-rules.ts'

/** argon2id at the floor of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const
/** Hashes in progress at once. The runtime has four such threads, and other work needs them too. */
export const AT_ONCE = 2
/** Hashes that may wait their turn: about a second of work. */
export const WAITING = 32
const RETRY_AFTER_MS = 2_000

export type Passwords = Readonly<{
  /** @throws AppError `rate_limited` when too many are waiting. */
  hash: (password: string) => Promise<string>
  /**
   * Whether the password matches the hash. Without a hash (nobody has the address, or the person has no password) it never
   * does, but the answer takes as long.
   */
  verify: (password_hash: string | null | undefined, password: string) => Promise<boolean>
}>

type Pool = <R>(work: () => Promise<R>) => Promise<R>

/** Makes a pool that runs `atOnce` pieces of work at a time, lets `waiting` more wait, and refuses the rest. */
export const createPool = (atOnce: number, waiting: number): Pool => {
  const queue: (() => void)[] = []
  let running = 0
  return async (work) => {
    if (running >= atOnce) {
      if (queue.length >= waiting)
        throw translatedError('rate_limited', (words) => words.word('busy'), {
          retry_after_ms: RETRY_AFTER_MS,
        })
      // Work that ends hands its place on, so `running` stays as it is.
      await new Promise<void>((resolve) => queue.push(resolve))
    } else running += 1
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else running -= 1
    }
  }
}

/**
 * Makes the hashing functions of one process.
 * @param unknown any text: passwords for unknown addresses are compared with its hash.
 */
export const createPasswords = async (unknown: string): Promise<Passwords> => {
  const inTurn = createPool(AT_ONCE, WAITING)
  const nobody = await hash(unknown, COST)
  return {
    hash: (password) => inTurn(() => hash(normalizePassword(password), COST)),
    verify: async (password_hash, password) => {
      const right = await inTurn(() => verify(password_hash ?? nobody, normalizePassword(password)))
      return right && typeof password_hash === 'string'
    },
  }
}
