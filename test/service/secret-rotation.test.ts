// LOOPS_SECRET is replaced on a system with data: first both, then the new one alone. Nothing is lost.
import { expect, test } from 'vitest'
import { countUnderOld } from '../../services/webhooks/reseal.ts'
import { SEALING } from '../../services/webhooks/secrets.ts'
import type { Subscription } from '../../services/webhooks/subscription-rules.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { unseal } from '../../shared/process/sealing.ts'
import { serviceKeys } from '../../shared/process/service-keys.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { newSecret, startEventReceiver } from '../support/event-receiver.ts'
import { openGatewayEnvironment } from '../support/gateway-environment.ts'
import { TEST_SECRET } from '../support/keys.ts'
import { ids, openEnvironment, person } from '../support/service-environment.ts'

const NEW = 'the secret that takes the place of the other'
const BOTH = { LOOPS_SECRET: NEW, LOOPS_SECRET_OLD: TEST_SECRET }

test('the_secrets_of_webhooks_and_of_subscriptions_are_encrypted_again', async () => {
  await using before = await openEnvironment({ LOOPBACK_TARGETS: 'allowed' })
  await using receiver = await startEventReceiver()
  const old = await before.start('webhooks')
  const owner = person(ids.next(), { role: 'owner' })
  const added = await before.as(webhooks, owner).add_webhook({ url: 'https://example.com/hook' })
  const agent = before.as(webhooks, { ...owner, grant_id: ids.next() })
  const asked = { name: 'task.approved' as const, url: receiver.url, secret: newSecret() }
  const { id } = await agent.subscribe_events(asked)
  await old[Symbol.asyncDispose]()
  await using mongo = await connectMongo(before.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const db = mongo.database('webhooks')
  const keys = (...secrets: string[]) => serviceKeys('webhooks', { service_secrets: [], secrets })
  expect(await countUnderOld(db, keys(NEW, TEST_SECRET))).toBe(2)
  const both = await before.start('webhooks', 1, BOTH)
  await expect.poll(() => countUnderOld(db, keys(NEW, TEST_SECRET)), { timeout: 20_000 }).toBe(0)
  // Requests signed with the old secret are accepted while both are set.
  expect((await before.as(webhooks, owner).list_webhooks({})).webhooks).toHaveLength(1)
  await both[Symbol.asyncDispose]()
  expect(await countUnderOld(db, keys(NEW))).toBe(0)
  expect(added.secret).toMatch(/^whsec_/)
  const stored = await db.collection<Subscription>('subscriptions').findOne({ _id: id })
  expect(stored?.secrets.map(({ sealed }) => unseal(keys(NEW).of(SEALING), id, sealed))).toEqual([
    asked.secret,
  ])
})

test('a_gateway_starts_with_both_secrets_and_then_with_the_new_one_alone', async () => {
  await using before = await openGatewayEnvironment()
  const { kid } = before.deps.keys.signer()
  const link = before.deps.secrets
  await using both = await openGatewayEnvironment(BOTH, before)
  expect(both.deps.keys.signer().kid).toBe(kid)
  expect(both.deps.secrets.invitation.slice(1)).toEqual(link.invitation)
  await using alone = await openGatewayEnvironment({ LOOPS_SECRET: NEW }, before)
  expect(alone.deps.keys.signer().kid).toBe(kid)
})
