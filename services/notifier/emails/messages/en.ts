// The mails in English, and with it which messages there are and what stands in their places. Pure.
import type { TaskStatus } from '../../../../shared/contracts/define/common.ts'

/** A message that depends on a number: one form for each plural category that the language has (UTS #35, part 3, §5). */
type Plural = Readonly<{ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>>

export const en = {
  shipped_subject: 'Shipped: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'Shipped',
  shipped_by: 'Hi {name}, {by} shipped this loop on {when}.',
  shipped_by_through: 'Hi {name}, {by} shipped this loop through {client} on {when}.',
  summary: '{shipped}, {left}',
  tasks_shipped: { one: '{count} task shipped', other: '{count} tasks shipped' },
  tasks_left: { other: '{count} unfinished' },
  nothing_left: 'nothing left unfinished',
  list_shipped: 'Shipped',
  list_left: 'Not finished',
  more: { other: 'and {count} more in the workspace' },
  open_workspace: 'Open the workspace',
  why_workspace: 'You get this mail because you are a member of this workspace.',
  why_loop: 'You get this mail because you are a member of this loop.',
  choose_mails: 'Choose which mails you get',
  unsubscribe: 'Unsubscribe',

  invitation_subject: '{by} invites you to {workspace} on Loops',
  invitation_preview: 'Make your account and join by {when}',
  invitation_heading: 'Join {workspace}',
  invitation_text:
    '{by} invites you to this workspace on Loops, where people and their coding agents share one queue of work.',
  invitation_button: 'Accept the invitation',
  invitation_link: 'The link is yours alone and works until {when}:',
  invitation_unexpected: 'You did not expect this? Then do nothing: no account is made without you.',

  reset_subject: 'A new password for Loops',
  reset_preview: 'Choose it by {when}',
  reset_heading: 'Choose a new password',
  reset_text:
    'Hi {name}, somebody asked for a new password for your account. With it, browsers that are signed in are signed out, and connected apps are disconnected.',
  reset_button: 'Choose a new password',
  reset_link: 'The link is yours alone and works once, until {when}:',
  reset_unexpected: 'You did not ask for this? Then do nothing: your password stays as it is.',

  webhook_subject: 'Webhook disabled: {url}',
  webhook_preview: '{workspace}: its address is called no more',
  webhook_label: 'Webhook disabled',
  webhook_failing:
    'Hi {name}, Loops no longer calls this address. Calls failed on five days, and none has succeeded since {when}.',
  webhook_gone:
    'Hi {name}, Loops no longer calls this address. It answered 410 Gone: it wants no more calls.',
  webhook_next: 'Once the address works again, enable the webhook and replay the calls that failed.',
  webhook_button: 'Open the webhooks',
  why_owner: 'You get this mail because you own this workspace.',

  confirm_subject: 'Confirm your address for Loops',
  confirm_preview: 'One click, by {when}',
  confirm_heading: 'Confirm your address',
  confirm_text:
    'An account on Loops was made with the address {email}. Is it yours? Then sign in and confirm it.',
  confirm_button: 'Confirm the address',
  confirm_link: 'The link is yours alone and works until {when}:',
  confirm_unexpected: 'You did not make this account? Then do nothing: you get no more mail of it.',

  tries_subject: 'Somebody tries passwords of your Loops account',
  tries_preview: 'Nobody got in by it',
  tries_heading: 'Somebody tries to sign in as you',
  tries_text:
    'Hi {name}, there were many tries to sign in to your account with a wrong password. None of them was let in.',
  tries_advice:
    'You do not have to do anything. Browsers in which you have signed in before still let you in. If another one does not, ask for a mail with a link.',
  tries_button: 'Get a link to sign in',
  tries_again: 'We tell you of this once a day at most.',

  statuses: {
    open: 'open',
    approved: 'approved',
    in_progress: 'in progress',
    on_hold: 'on hold',
    shipped: 'shipped',
    rejected: 'rejected',
  },
} as const satisfies Readonly<Record<string, string | Plural | Readonly<Record<TaskStatus, string>>>>

/** All messages in one language. */
export type Messages = {
  readonly [K in Exclude<keyof typeof en, 'statuses'>]: (typeof en)[K] extends string ? string : Plural
} & Readonly<{ statuses: Readonly<Record<TaskStatus, string>> }>
