// Seals the secrets of webhooks and subscriptions again under a new LOOPS_SECRET, so that the old one can be removed.

import { seal, tryUnseal } from '../../shared/process/sealing.ts'
import type { Keys, ServiceKeys } from '../../shared/process/service-keys.ts'
import { SEALING } from './secrets.ts'
import { subscriptionPages } from './subscription-store.ts'
import type { KeptSecret } from './webhook-rules.ts'
import { webhookPages } from './webhook-store.ts'

const PAGE = 200

/** A document with sealed secrets. */
type Sealed = Readonly<{ _id: string; secrets: readonly KeptSecret[] }>
/** Pages of such documents of all workspaces, in order of id, after that id. */
type Pages<T extends Sealed> = (limit: number, after?: string) => Promise<readonly T[]>

type Resealing<T extends Sealed> = Readonly<{
  /** `save` gives null or false when the document has changed since. */
  store: Readonly<{ page: Pages<T>; save: (before: T, next: T) => Promise<unknown> }>
  keys: Keys
  token: () => string
}>

/** Seals again what is still under an old key; reads nothing while there is only one key. @returns how many documents it changed. */
export const resealSecrets = async <T extends Sealed>({
  store,
  keys,
  token,
}: Resealing<T>): Promise<number> => {
  if (keys.length === 1) return 0
  let resealed = 0
  for (let after: string | undefined; ; ) {
    const page = await store.page(PAGE, after)
    for (const one of page) {
      const secrets = one.secrets.map((kept) => {
        // One that no key opens is left as it is: it must keep no other from its turn.
        const opened = tryUnseal(keys, one._id, kept.sealed)
        return !opened || opened.newest
          ? kept
          : { ...kept, sealed: seal(keys, one._id, opened.secret, token()) }
      })
      // A document that has changed meanwhile gets its turn in the next run.
      if (secrets.some((kept, index) => kept !== one.secrets[index]))
        if (await store.save(one, { ...one, secrets })) resealed += 1
    }
    after = page.at(-1)?._id
    if (page.length < PAGE) return resealed
  }
}

const countIn = async (page: Pages<Sealed>, keys: Keys): Promise<number> => {
  let count = 0
  for (let after: string | undefined; ; ) {
    const some = await page(PAGE, after)
    count += some.filter(({ _id, secrets }) =>
      secrets.some(({ sealed }) => tryUnseal(keys, _id, sealed)?.newest === false),
    ).length
    after = some.at(-1)?._id
    if (some.length < PAGE) return count
  }
}

/** How many documents still need an old key. Every service that seals exports a function of this name. */
export const countUnderOld = async (
  db: Parameters<typeof webhookPages>[0],
  keys: Pick<ServiceKeys, 'of'>,
): Promise<number> => {
  const sealing = keys.of(SEALING)
  return (await countIn(webhookPages(db), sealing)) + (await countIn(subscriptionPages(db), sealing))
}
