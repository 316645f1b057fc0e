// Seals the secrets of webhooks again under a new LOOPS_SECRET, so that the old one can be removed.
import type { Keys, ServiceKeys } from '../../shared/process/service-keys.ts'
import { SEALING, seal, unsealWith } from './secrets.ts'
import { type WebhookStore, webhookPages } from './webhook-store.ts'

const PAGE = 200

type Resealing = Readonly<{ webhooks: Pick<WebhookStore, 'page' | 'save'>; keys: Keys; token: () => string }>

/** Seals again what is still under an old key; reads nothing while there is only one key. @returns how many webhooks it changed. */
export const resealSecrets = async ({ webhooks, keys, token }: Resealing): Promise<number> => {
  if (keys.length === 1) return 0
  let resealed = 0
  for (let after: string | undefined; ; ) {
    const page = await webhooks.page(PAGE, after)
    for (const webhook of page) {
      const secrets = webhook.secrets.map((kept) => {
        const { secret, newest } = unsealWith(keys, webhook._id, kept.sealed)
        return newest ? kept : { ...kept, sealed: seal(keys, webhook._id, secret, token()) }
      })
      // A webhook that has changed meanwhile gets its turn in the next run.
      if (secrets.some((kept, index) => kept !== webhook.secrets[index]))
        if (await webhooks.save(webhook, { ...webhook, secrets })) resealed += 1
    }
    after = page.at(-1)?._id
    if (page.length < PAGE) return resealed
  }
}

/** How many webhooks still need an old key. Every service that seals exports a function of this name. */
export const countUnderOld = async (
  db: Parameters<typeof webhookPages>[0],
  keys: Pick<ServiceKeys, 'of'>,
): Promise<number> => {
  const [page, sealing] = [webhookPages(db), keys.of(SEALING)]
  let count = 0
  for (let after: string | undefined; ; ) {
    const some = await page(PAGE, after)
    count += some.filter(({ _id, secrets }) =>
      secrets.some(({ sealed }) => !unsealWith(sealing, _id, sealed).newest),
    ).length
    after = some.at(-1)?._id
    if (some.length < PAGE) return count
  }
}
