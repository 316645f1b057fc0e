// Hashing of passwords, in a small pool of its own: a storm of sign-ins must not take the threads that everything else
// needs, nor more memory than this. Knows no accounts.
import { hash, verify } from '@node-rs/argon2'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { normalizePassword } from './person-rules.ts'

/** argon2id at the floor of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19 * 1024, timeCost: 2, parallelism: 1 } as const
/** Hashes under way at once. The runtime has four such threads, which its other work shares. */
export const AT_ONCE = 2
/** Hashes that may wait: about a second of work. */
export const WAITING = 32
const RETRY_AFTER_MS = 2_000

export type Passwords = Readonly<{
  /** @throws AppError `rate_limited` when too many wait already. */
  hash: (password: string) => Promise<string>
  /** Whether the password is the one; with `undefined` for the hash it is not, but the answer takes as long. */
  verify: (password_hash: string | undefined, password: string) => Promise<boolean>
}>

type Pool = <R>(work: () => Promise<R>) => Promise<R>

/**
 * Makes a pool: so many pieces of work at once, so many that wait their turn, and the rest refused at once.
 */
export const createPool = (atOnce: number, waiting: number): Pool => {
  const queue: (() => void)[] = []
  let underWay = 0
  return async (work) => {
    if (underWay >= atOnce) {
      if (queue.length >= waiting)
        throw new AppError('rate_limited', 'Many people are signing in right now. Try again in a moment.', {
          retry_after_ms: RETRY_AFTER_MS,
        })
      // Whoever ends hands its place on, so `underWay` stays as it is.
      await new Promise<void>((resolve) => queue.push(resolve))
    } else underWay += 1
    try {
      return await work()
    } finally {
      const next = queue.shift()
      if (next) next()
      else underWay -= 1
    }
  }
}

/**
 * Makes the pool.
 * @param unknown any text: its hash is what the passwords of unknown people are compared with.
 */
export const createPasswords = async (unknown: string): Promise<Passwords> => {
  const inTurn = createPool(AT_ONCE, WAITING)
  const nobody = await hash(unknown, COST)
  return {
    hash: (password) => inTurn(() => hash(normalizePassword(password), COST)),
    verify: async (password_hash, password) => {
      const right = await inTurn(() => verify(password_hash ?? nobody, normalizePassword(password)))
      return right && password_hash !== undefined
    },
  }
}
