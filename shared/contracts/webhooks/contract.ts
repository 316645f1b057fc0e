// The contract of the webhooks service: events of a workspace over HTTP, for teams without a bus.
import type { Purpose } from '../../process/service-keys.ts'
import { defineContract } from '../define/contract.ts'
import { forgettingOperations } from '../forgetting.ts'
import { directEvents, events } from './events.ts'
import { internals } from './internals.ts'
import { PANEL_TEXTS } from './panel-texts.ts'
import { OLD_SECRET_HOURS } from './shapes.ts'
import { namesOf, SOURCES } from './sources.ts'
import { subscriptions } from './subscriptions.ts'

/** The key that seals the secrets of webhooks. */
export const SEALING: Purpose = { salt: 'loops', info: 'webhooks secrets', seals: true }

const ofRow = { webhook_id: 'id' }

export const webhooks = defineContract({
  name: 'webhooks',
  version: '1.0.0',
  description:
    'Events of a workspace for teams without a bus: signed calls over HTTP, and what became of them.',
  operations: { ...internals, ...subscriptions, ...forgettingOperations() },
  events,
  directEvents,
  purposes: [SEALING],
  consumes: Object.fromEntries(
    SOURCES.map((contract) => {
      const deletion = contract.name === 'gateway' ? ['workspace.deleted'] : []
      return [contract.name, [...namesOf(true, [contract]), ...deletion]]
    }),
  ),
  panel: {
    path: 'webhooks',
    title: 'Webhooks',
    intro: 'Loops calls these addresses when something happens here. Each call is signed.',
    roles: ['owner', 'admin'],
    texts: PANEL_TEXTS,
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
      empty: 'There are no webhooks yet.',
      actions: [
        {
          operation: 'send_test',
          label: 'Send a test',
          from: ofRow,
          when: { member: 'status', is: ['active'] },
          done: 'A test is on its way. See Calls for what becomes of it.',
        },
        {
          operation: 'disable_webhook',
          label: 'Disable',
          from: ofRow,
          when: { member: 'status', is: ['active'] },
          done: 'It gets no calls until you enable it.',
        },
        {
          operation: 'enable_webhook',
          label: 'Enable',
          from: ofRow,
          when: { member: 'status', is: ['disabled'] },
          done: 'It gets calls again from now on.',
        },
        {
          operation: 'rotate_secret',
          label: 'New secret',
          from: ofRow,
          confirm: `For ${OLD_SECRET_HOURS} hours the old secret signs beside the new one. Then it stops working.`,
          done: 'This is the new secret. It is shown only once:',
          reveal: 'secret',
        },
        {
          operation: 'remove_webhook',
          label: 'Remove',
          from: ofRow,
          confirm: 'Its pending calls are never made.',
          done: 'The webhook is removed.',
        },
      ],
    },
    actions: [
      {
        operation: 'add_webhook',
        title: 'Add a webhook',
        label: 'Add webhook',
        done: 'It gets calls from now on. Verify them with this secret, which is shown only once:',
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
        empty: 'It has had no calls yet.',
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
