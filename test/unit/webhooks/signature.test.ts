// The signature of a webhook's calls, held against the worked example of the page for other teams: what the service sends,
// what the page says, and a computation that knows no library of signatures agree.
import { spawnSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { testEvent } from '../../../services/webhooks/delivery-rules.ts'
import { signedHeaders } from '../../../services/webhooks/secrets.ts'
import type { Webhook } from '../../../services/webhooks/webhook-rules.ts'
import { CloudEvent } from '../../../shared/contracts/define/cloud-event.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { webhooks } from '../../../shared/contracts/webhooks/contract.ts'
import { BUS_EVENTS } from '../../../shared/contracts/webhooks/sources.ts'
import { describedDirectEvents, eventSchema } from '../../../shared/events/asyncapi.ts'

const PAGE = readFileSync(new URL('../../../infra/examples/README.md', import.meta.url), 'utf8')
const SECTION = PAGE.slice(PAGE.indexOf('## Webhooks'), PAGE.indexOf('## Test your program'))
const found = (pattern: RegExp): string => pattern.exec(SECTION)?.[1] ?? ''
const shown = {
  secret: found(/\| secret \| `(.*?)`/),
  id: found(/\| `webhook-id` \| `(.*?)`/),
  timestamp: found(/\| `webhook-timestamp` \| `(.*?)`/),
  body: found(/```text\n(.*?)\n```/s),
  signature: found(/`webhook-signature: (.*?)`/),
}
const SIGNATURE = 'v1,upMo9a2KNjMwfZr0wEcI5+3eXq5Fomp5Ip2B3NhTsYU='

describe('the worked example', () => {
  test('is_what_the_definition_of_the_signature_gives', () => {
    const key = Buffer.from(shown.secret.replace('whsec_', ''), 'base64')
    const text = `${shown.id}.${shown.timestamp}.${shown.body}`
    expect(`v1,${createHmac('sha256', key).update(text).digest('base64')}`).toBe(SIGNATURE)
    expect(shown.signature).toBe(SIGNATURE)
  })

  test('is_what_the_service_sends', () => {
    const now = new Date(Number(shown.timestamp) * 1_000 + 900)
    expect(signedHeaders(shown.id, shown.body, [shown.secret], now)).toEqual({
      'webhook-id': shown.id,
      'webhook-timestamp': shown.timestamp,
      'webhook-signature': SIGNATURE,
    })
  })

  test('has_an_event_of_the_declared_kind', () => {
    const { data, ...event } = CloudEvent.parse(JSON.parse(shown.body))
    expect(webhooks.directEvents[event.type as 'webhook.tested'].data.parse(data)).toEqual(data)
    expect(event).toMatchObject({ id: shown.id, source: '/loops/webhooks' })
  })

  test('is_taken_by_the_program_of_the_page_and_nothing_else_is', () => {
    const program = found(/```python\n(.*?)```/s)
    const tried = `${program}
import json, sys
secret, headers, body, late = json.load(sys.stdin)
at = int(headers["webhook-timestamp"]) + late
print(is_from_loops(secret, headers, body.encode(), lambda: at))`
    const taken = (body: string, late = 0, signature = SIGNATURE): string => {
      const headers = {
        'webhook-id': shown.id,
        'webhook-timestamp': shown.timestamp,
        'webhook-signature': signature,
      }
      const input = JSON.stringify([shown.secret, headers, body, late])
      const { stdout, stderr, error } = spawnSync('python3', ['-c', tried], { input, encoding: 'utf8' })
      return error ? 'no python3' : stdout.trim() || stderr
    }
    if (taken('') === 'no python3') return
    expect(taken(shown.body)).toBe('True')
    expect(taken(shown.body, 299, `v1,AAAA ${SIGNATURE}`)).toBe('True')
    expect([taken(`${shown.body} `), taken(shown.body, 301), taken(shown.body, 0, 'v1,AAAA')]).toEqual(
      Array(3).fill('False'),
    )
  })
})

test('the_page_and_the_form_name_what_is_never_sent', () => {
  const form = webhooks.operations.add_webhook.input.shape.events.description
  expect(BUS_EVENTS).toContain('queue.changed')
  for (const name of BUS_EVENTS) {
    expect(SECTION).toContain(`\`${name}\``)
    expect(form).toContain(name)
  }
})

test('a_try_is_an_event_as_declared', () => {
  const webhook = { _id: '01K0000000000000000000000A', ws: '01K0000000000000000000000B', v: 2 }
  const url = 'https://hooks.example.com/loops'
  const sent = testEvent({ ...webhook, url } as Webhook, '01K0000000000000000000000D', new Date())
  const declared = describedDirectEvents(CONTRACTS).find(({ name }) => name === sent.type)
  expect(CloudEvent.parse(sent)).toEqual(sent)
  expect(webhooks.directEvents['webhook.tested'].data.parse(sent.data)).toEqual(sent.data)
  expect(declared && eventSchema(declared, 'https://loops.example.com')).toMatchObject({ title: sent.type })
})
