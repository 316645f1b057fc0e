// The owner of a workspace is mailed when a webhook is disabled.
import { expect, test } from 'vitest'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { openPeople } from '../support/people.ts'
import { startReceiver } from '../support/receiver.ts'
import { ids, openEnvironment } from '../support/service-environment.ts'
import { startSmtpSink } from '../support/smtp-sink.ts'

test('only_the_owner_is_mailed_once_when_a_receiver_is_gone_and_nobody_when_a_webhook_is_disabled_by_hand', async () => {
  await using sink = await startSmtpSink()
  await using env = await openEnvironment({ PORT: '0', SMTP_URL: sink.url, LOOPBACK_TARGETS: 'allowed' })
  for (const service of ['gateway', 'webhooks', 'notifier']) await env.start(service)
  await using people = await openPeople(env.mongodbUrl)
  await using receiver = await startReceiver()
  const at = `${ids.next().toLowerCase()}.example`
  const { members } = await people.workspace('Acme Store', [
    { name: 'Ana', email: `ana@${at}` },
    { name: 'Ben', email: `ben@${at}`, locale: 'de' },
  ])
  const [owner] = members
  if (!owner) throw new Error('Two people were asked for.')
  const ann = env.as(webhooks, owner.caller)
  const byHand = await ann.add_webhook({ url: `${receiver.url}/other` })
  await ann.disable_webhook({ webhook_id: byHand.id })
  receiver.answer(410)
  const { id } = await ann.add_webhook({ url: receiver.url })
  await ann.send_test({ webhook_id: id })
  const mails = await sink.waitFor((all) => all.length > 0)
  expect(mails.map(({ to }) => to)).toEqual([[owner.email]])
  expect(mails[0]?.subject).toBe(`Webhook disabled: ${receiver.url}`)
  expect(mails[0]?.text).toContain('410 Gone')
  expect(mails[0]?.text).toContain('/workspace/webhooks')
  const published = await env.events('webhooks', owner.caller.workspace_id, (all) => all.length > 0)
  expect(published).toMatchObject([{ type: 'webhook.disabled', data: { webhook_id: id, cause: 'gone' } }])
  expect((await ann.list_webhooks({})).webhooks.find((one) => one.id === id)?.status).toBe('disabled')
})
