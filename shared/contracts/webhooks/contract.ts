// The contract of the webhooks service: events of a workspace over HTTP, for teams without a bus.
import type { Purpose } from '../../process/service-keys.ts'
import { defineContract } from '../define/contract.ts'
import { directEvents, events } from './events.ts'
import { internals } from './internals.ts'
import { OLD_SECRET_HOURS } from './shapes.ts'
import { namesOf, SOURCES } from './sources.ts'

/** What the secrets of webhooks are kept under. */
export const SEALING: Purpose = { salt: 'loops', info: 'webhooks secrets', seals: true }

const ofRow = { webhook_id: 'id' }

export const webhooks = defineContract({
  name: 'webhooks',
  version: '1.0.0',
  description:
    'Events of a workspace for teams without a bus: signed calls over HTTP, and what became of them.',
  operations: internals,
  events,
  directEvents,
  purposes: [SEALING],
  consumes: Object.fromEntries(SOURCES.map((contract) => [contract.name, namesOf(true, [contract])])),
  panel: {
    path: 'webhooks',
    title: 'Webhooks',
    intro: 'Addresses that are called when something happens here, signed, so that other systems can follow.',
    roles: ['owner', 'admin'],
    table: {
      operation: 'list_webhooks',
      rows: 'webhooks',
      columns: [
        { member: 'url', heading: 'Address' },
        { member: 'description', heading: 'For' },
        { member: 'events', heading: 'Events', none: 'all' },
        { member: 'status', heading: 'Status' },
        { member: 'reason', heading: 'Why' },
        { member: 'delivered_at', heading: 'Last answered', none: 'never' },
      ],
      empty: 'No address is called yet.',
      actions: [
        {
          operation: 'send_test',
          label: 'Send a test',
          from: ofRow,
          when: { member: 'status', is: ['active'] },
          done: 'A test is on its way; the calls of the webhook show what becomes of it.',
        },
        {
          operation: 'disable_webhook',
          label: 'Disable',
          from: ofRow,
          when: { member: 'status', is: ['active'] },
          done: 'It is called no more until you enable it.',
        },
        {
          operation: 'enable_webhook',
          label: 'Enable',
          from: ofRow,
          when: { member: 'status', is: ['disabled'] },
          done: 'It is called again from now on.',
        },
        {
          operation: 'rotate_secret',
          label: 'New secret',
          from: ofRow,
          confirm: `The old secret signs beside the new one for ${OLD_SECRET_HOURS} hours, then no more.`,
          done: 'The new secret. It is shown only now:',
          reveal: 'secret',
        },
        {
          operation: 'remove_webhook',
          label: 'Remove',
          from: ofRow,
          confirm: 'Calls that are still owed to it are never made.',
          done: 'The webhook is removed.',
        },
      ],
    },
    actions: [
      {
        operation: 'add_webhook',
        title: 'Add a webhook',
        label: 'Add it',
        done: 'It is called from now on. The secret to verify the calls with is shown only now:',
        reveal: 'secret',
      },
    ],
    detail: {
      path: 'calls',
      label: 'Calls',
      title: 'Calls',
      intro: 'What became of the calls of a webhook in the last 40 days.',
      from: ofRow,
      table: {
        operation: 'list_webhook_deliveries',
        rows: 'deliveries',
        about: 'url',
        columns: [
          { member: 'event', heading: 'Event' },
          { member: 'happened_at', heading: 'Happened' },
          { member: 'status', heading: 'Status' },
          { member: 'attempts', heading: 'Tries' },
          { member: 'answer', heading: 'Last answer' },
          { member: 'next_try_at', heading: 'Next try' },
        ],
        empty: 'It was not called yet.',
        actions: [
          {
            operation: 'replay_delivery',
            label: 'Replay',
            from: { delivery_id: 'id' },
            when: { member: 'status', is: ['pending', 'delivered', 'failed', 'gone'] },
            done: 'The call is made again.',
          },
        ],
      },
      actions: [
        {
          operation: 'replay_failed',
          title: 'Replay what failed',
          label: 'Replay all that failed',
          from: { webhook_id: 'webhook_id' },
          done: 'The failed calls are made again, a few at a time.',
        },
      ],
    },
  },
})
