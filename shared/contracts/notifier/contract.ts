// The contract of the notifier: who gets which mail, and what became of it.
import type { Purpose } from '../../process/service-keys.ts'
import { defineContract } from '../define/contract.ts'
import { forgettingOperations } from '../forgetting.ts'
import { internals } from './internals.ts'
import { PANEL_TEXTS } from './panel-texts.ts'

/** The key that seals the links in mails. */
export const UNSUBSCRIBE: Purpose = { salt: '', info: 'loops unsubscribe links' }

export const notifier = defineContract({
  name: 'notifier',
  version: '1.0.0',
  description: 'Mail: who gets which, and what became of it.',
  operations: { ...internals, ...forgettingOperations() },
  events: {},
  purposes: [UNSUBSCRIBE],
  consumes: {
    'loops-queue': ['loop.shipped'],
    webhooks: ['webhook.disabled'],
    tasks: ['task.claim_expired', 'comment.added'],
    gateway: [
      'person.invited',
      'person.password_reset_requested',
      'person.confirmation_requested',
      'person.sign_ins_failed',
      'person.account_mail_requested',
      'workspace.deleted',
    ],
  },
  panel: {
    path: 'mails',
    roles: ['owner', 'admin', 'member', 'viewer'],
    texts: PANEL_TEXTS,
    title: 'Mails',
    intro:
      'What became of the mails of the last 90 days: those of the workspace for its owner and admins, your own for everybody else.',
    table: {
      operation: 'list_deliveries',
      rows: 'deliveries',
      filter: { member: 'status', label: 'Status' },
      columns: [
        { member: 'to', heading: 'To', none: 'as invited' },
        { member: 'about', heading: 'Mail' },
        { member: 'status', heading: 'Status' },
        { member: 'attempts', heading: 'Tries' },
        { member: 'at', heading: 'When' },
        { member: 'last_error', heading: 'Reason' },
      ],
      empty: 'There are no such mails.',
      actions: [
        {
          operation: 'retry_delivery',
          label: 'Send again',
          from: { delivery_id: 'id' },
          when: { member: 'status', is: ['failed', 'suppressed'] },
          done: 'The mail will be sent again, and its address is in use again. It is not sent to somebody who has unsubscribed.',
        },
      ],
    },
    actions: [],
  },
})
