// The signature of a request, as one service makes it and another checks it.
import { createHmac } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import { MAX_AGE_MS } from '../../../shared/bus/repeats.ts'
import { CLOCK_TOLERANCE_MS, type Said, signer, verifier } from '../../../shared/bus/signature.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import { serviceKeys, serviceSecret } from '../../../shared/process/service-keys.ts'

const SECRET = 'a secret of the tests that is long enough'
const OTHER = 'another secret of the tests, as long as that'
const keysOf = (service: string, ...secrets: string[]) =>
  serviceKeys(service, { service_secrets: [], secrets: secrets.length > 0 ? secrets : [SECRET] })

const said: Said = {
  asked: 'tasks',
  operation: 'delete_task',
  request_id: 'R1',
  budget_ms: '8000',
  caller: Buffer.from('{"role":"member"}').toString('base64url'),
  traceparent: '',
}
const INPUT = '{"task_id":"T1"}'

let now_ms: number
const clockOff = (ms: number): Clock => ({
  now: () => new Date(1_700_000_000_000 + now_ms + ms),
  monotonicMs: () => 5_000 + now_ms,
})
const sign = (keys = keysOf('gateway'), off_ms = 0) => signer(keys, clockOff(off_ms), 'P1')
const check = () => verifier(keysOf('tasks'), clockOff(0))

beforeEach(() => {
  now_ms = 0
})

test('accepted_from_the_service_that_signed_it', () => {
  expect(check()(sign()(said, INPUT), said, Buffer.from(INPUT))).toEqual({ ok: true, asking: 'gateway' })
})

test('the_mac_is_hmac_sha256_over_every_line_and_the_input', () => {
  const keys = keysOf('gateway')
  const signature = signer(keys, clockOff(0), 'P1')(said, INPUT) ?? ''
  const head = '1.gateway.P1.1.5000.1700000000000'
  const text = `${head}\ntasks\ndelete_task\nR1\n8000\n${said.caller}\n\n${INPUT}`
  const [key] = keys.asking('tasks')
  expect(signature).toBe(`${head}.${createHmac('sha256', key!).update(text).digest('base64url')}`)
})

describe('forged', () => {
  test.each([
    ['another_operation', { operation: 'update_task' }],
    ['another_service', { asked: 'webhooks' }],
    ['another_caller', { caller: Buffer.from('{"role":"owner"}').toString('base64url') }],
    ['no_caller', { caller: '' }],
    ['another_request', { request_id: 'R2' }],
    ['a_longer_budget', { budget_ms: '60000' }],
    ['another_trace', { traceparent: '00-1' }],
    ['a_line_moved', { request_id: 'R1\n8000', budget_ms: '' }],
  ] satisfies [string, Partial<Said>][])('for_%s', (_, other) => {
    expect(check()(sign()(said, INPUT), { ...said, ...other }, INPUT)).toMatchObject({ reason: 'forged' })
  })

  test('for_another_input', () => {
    const signature = sign()(said, INPUT)
    for (const input of ['{"task_id":"T2"}', '', `${INPUT} `])
      expect(check()(signature, said, input)).toMatchObject({ reason: 'forged' })
  })

  test('under_the_key_of_another_pair_of_services', () => {
    const asOther = signer(keysOf('loops-queue'), clockOff(0), 'P1')
    const signature = asOther(said, INPUT)?.replace('.loops-queue.', '.gateway.')
    expect(check()(signature, said, INPUT)).toEqual({ ok: false, reason: 'forged', asking: 'gateway' })
  })

  test('by_whoever_turns_the_pair_round', () => {
    // What the gateway would verify of tasks is no signature of the gateway to tasks.
    const turned = { ...keysOf('gateway'), asking: () => keysOf('gateway').askedBy('tasks') }
    expect(check()(signer(turned, clockOff(0), 'P1')(said, INPUT), said, INPUT)).toMatchObject({
      reason: 'forged',
    })
  })

  test('under_another_secret', () => {
    expect(check()(sign(keysOf('gateway', OTHER))(said, INPUT), said, INPUT)).toMatchObject({
      reason: 'forged',
    })
  })

  test.each([
    'x',
    '1',
    '1.gateway',
    '....',
    `1.gateway.P1.1.1.1.${'A'.repeat(43)}`,
    '2.a.b.1.1.1.x',
    'é'.repeat(43),
  ])('when_it_is_%s', (signature) => {
    expect(check()(signature, said, INPUT)).toMatchObject({ reason: 'forged' })
  })

  test.each([0, 1, 2, 3, 4, 5])('when_member_%i_of_it_was_changed', (member) => {
    const parts = (sign()(said, INPUT) ?? '').split('.')
    parts[member] = `${parts[member]}1`
    expect(check()(parts.join('.'), said, INPUT)).toMatchObject({ reason: 'forged' })
  })
})

test('unsigned_without_one', () => {
  for (const none of [undefined, ''])
    expect(check()(none, said, INPUT)).toEqual({ ok: false, reason: 'unsigned' })
})

describe('late', () => {
  test('accepted_from_a_clock_that_is_as_wrong_as_clocks_are', () => {
    for (const off_ms of [-CLOCK_TOLERANCE_MS, -10 * 60_000, 10 * 60_000, CLOCK_TOLERANCE_MS])
      expect(check()(sign(keysOf('gateway'), off_ms)(said, INPUT), said, INPUT)).toMatchObject({ ok: true })
  })

  test('by_the_time_of_issue_where_its_process_is_not_known', () => {
    const signature = sign()(said, INPUT)
    now_ms = CLOCK_TOLERANCE_MS + 1
    expect(check()(signature, said, INPUT)).toMatchObject({ reason: 'late' })
  })

  test('a_minute_later_where_its_process_has_asked_since_whatever_the_clocks_say', () => {
    const verify = check()
    const signing = sign(keysOf('gateway'), 5 * 60_000)
    const captured = signing(said, INPUT)
    now_ms = MAX_AGE_MS + 1
    expect(verify(signing(said, INPUT), said, INPUT)).toMatchObject({ ok: true })
    expect(verify(captured, said, INPUT)).toMatchObject({ reason: 'late' })
  })
})

test('repeated_when_it_was_here_before', () => {
  const verify = check()
  const signature = sign()(said, INPUT)
  expect(verify(signature, said, INPUT)).toMatchObject({ ok: true })
  expect(verify(signature, said, INPUT)).toMatchObject({ reason: 'repeated' })
  expect(check()(signature, said, INPUT)).toMatchObject({ ok: true })
})

describe('the keys of a service', () => {
  const SERVICES = ['gateway', 'tasks', 'webhooks']
  const PURPOSE = { salt: 'loops', info: 'a purpose' }
  const of = (service: string, secret = SECRET) => serviceSecret(secret, service, [PURPOSE], SERVICES)
  const own = (service: string, ...service_secrets: string[]) =>
    serviceKeys(service, { service_secrets, secrets: [] })
  const bytes = (keys: readonly { export: () => Buffer }[]) => keys.map((key) => key.export().toString('hex'))

  test('are_the_same_from_its_own_secret_as_from_the_installation', () => {
    const [whole, alone] = [keysOf('tasks'), own('tasks', of('tasks'))]
    expect(alone.of(PURPOSE)).toEqual(whole.of(PURPOSE))
    expect(bytes(alone.asking('webhooks'))).toEqual(bytes(whole.asking('webhooks')))
    expect(bytes(alone.askedBy('gateway'))).toEqual(bytes(whole.askedBy('gateway')))
  })

  test('are_known_to_the_two_of_a_pair_and_to_no_third', () => {
    const held = (service: string): string[] =>
      Object.values(JSON.parse(Buffer.from(of(service), 'base64url').toString()).keys)
    const [pair] = keysOf('gateway').asking('tasks')
    const key = pair!.export().toString('base64url')
    expect(SERVICES.filter((service) => held(service).includes(key))).toEqual(['gateway', 'tasks'])
    expect(new Set(held('gateway')).size).toBe(held('gateway').length)
    expect(of('webhooks')).not.toContain(SECRET)
  })

  test('hold_none_for_a_purpose_of_another', () => {
    expect(() => own('tasks', of('tasks')).of({ salt: 'loops', info: 'another' })).toThrow(
      /no key for another/,
    )
  })

  test('are_refused_to_another_service', () => {
    expect(() => own('tasks', of('webhooks'))).toThrow(/not a secret of the service tasks/)
  })

  test('ask_under_the_new_secret_and_are_asked_under_either_while_it_is_replaced', () => {
    const both = own('tasks', of('tasks', OTHER), of('tasks'))
    expect(both.of(PURPOSE)).toEqual([...keysOf('tasks', OTHER).of(PURPOSE), ...keysOf('tasks').of(PURPOSE)])
    const verify = verifier(both, clockOff(0))
    for (const [process, secret] of [SECRET, OTHER].entries()) {
      const signature = signer(keysOf('gateway', secret), clockOff(0), `P${process}`)(said, INPUT)
      expect(verify(signature, said, INPUT)).toMatchObject({ ok: true })
    }
    expect(both.asking('webhooks')).toHaveLength(2)
  })
})
