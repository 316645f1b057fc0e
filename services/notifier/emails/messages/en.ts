// The messages of the mails in English. They define which messages there are, and their places. Pure.
import type { Table, Translated } from '../../../../shared/contracts/define/wording.ts'

export const en = {
  shipped_subject: 'Shipped: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'Shipped',
  shipped_by: 'Hi {name}, {by} shipped this loop on {when}.',
  shipped_by_with: 'Hi {name}, {by} shipped this loop with {client} on {when}.',
  shipped_by_you: 'You shipped this loop on {when}. Nice work, {name}!',
  shipped_by_you_with: 'You shipped this loop with {client} on {when}. Nice work, {name}!',
  summary: '{shipped}, {left}',
  tasks_shipped: { one: '{count} task shipped', other: '{count} tasks shipped' },
  tasks_left: { other: '{count} unfinished' },
  nothing_left: 'nothing left unfinished',
  list_shipped: 'Shipped',
  list_left: 'Not finished',
  more: { other: 'and {count} more in the loop' },
  open_loop: 'Open the loop',
  open_task: 'Open the task',
  why_workspace: 'You are getting this email because you are a member of this workspace.',
  why_loop: 'You are getting this email because you are a member of this loop.',
  choose_mails: 'Choose which emails you get',
  unsubscribe: 'Unsubscribe',

  invitation_subject: '{by} invites you to {workspace} on Loops',
  invitation_preview: 'Create your account and join by {when}',
  invitation_heading: 'Join {workspace}',
  invitation_text:
    '{by} invites you to this workspace on Loops, where people and their coding agents share one queue of work.',
  invitation_button: 'Accept the invitation',
  invitation_link: 'This link is only for you and works until {when}:',
  invitation_unexpected: 'Not expecting this? You can ignore this email: no account is created without you.',

  reset_subject: 'Choose a new password for Loops',
  reset_preview: 'The link works until {when}',
  reset_heading: 'Choose a new password',
  reset_text:
    'Hi {name}, someone asked for a new password for your account. Choosing one signs you out of every browser and disconnects all apps.',
  reset_button: 'Choose a new password',
  reset_link: 'This link is only for you and works once, until {when}:',
  reset_unexpected: 'Did not ask for this? You can ignore this email: your password stays as it is.',

  webhook_subject: 'Webhook disabled: {url}',
  webhook_preview: '{workspace}: Loops no longer calls its address',
  webhook_label: 'Webhook disabled',
  webhook_failing:
    'Hi {name}, Loops no longer calls this address. Calls failed on five days, and none has succeeded since {when}.',
  webhook_gone:
    'Hi {name}, Loops no longer calls this address. It answered 410 Gone, which means that it wants no more calls.',
  webhook_next: 'Once the address works again, enable the webhook and replay the calls that failed.',
  webhook_button: 'Open the webhooks',
  why_owner: 'You are getting this email because you own this workspace.',

  held_subject: 'On hold: {task}',
  held_preview: '{workspace}: nobody came back to finish it',
  held_label: 'Task on hold',
  held_text: 'Hi {name}, this task is on hold: {vanished}.',
  held_vanished: {
    one: '{count} agent took it and did not come back',
    other: '{count} agents in a row took it and did not come back',
  },
  held_next:
    'It may be too large or unclear, or break the machine of whoever works on it. Open the task, change what needs to change, and approve it again.',
  why_approver: 'You are getting this email because you approved this task.',

  mention_subject: '{by} mentioned you: {title}',
  mention_label: 'Mention',
  mention_task: 'Hi {name}, {by} mentioned you in a comment on this task.',
  mention_task_with: 'Hi {name}, {by} mentioned you with {client} in a comment on this task.',
  mention_loop: 'Hi {name}, {by} mentioned you in a comment on this loop.',
  mention_loop_with: 'Hi {name}, {by} mentioned you with {client} in a comment on this loop.',
  why_mentioned: 'You are getting this email because somebody mentioned you in a comment.',
  unsubscribe_mentions: 'No more emails about mentions',

  confirm_subject: 'Confirm your address for Loops',
  confirm_preview: 'One click, until {when}',
  confirm_heading: 'Confirm your address',
  confirm_text:
    'Someone created a Loops account with the address {email}. Was it you? Then sign in and confirm it.',
  confirm_button: 'Confirm the address',
  confirm_link: 'This link is only for you and works until {when}:',
  confirm_unexpected: 'Not you? You can ignore this email: you will get no more about this account.',

  tries_subject: 'Someone is trying passwords for your Loops account',
  tries_preview: 'Nobody got in',
  tries_heading: 'Someone is trying to sign in as you',
  tries_text:
    'Hi {name}, there were many attempts to sign in to your account with a wrong password. None of them worked.',
  tries_advice:
    'You do not need to do anything. Browsers that you have signed in with before still let you in. If another browser does not, ask for an email with a link.',
  tries_button: 'Get a link to sign in',
  tries_again: 'We tell you about this at most once a day.',

  account_preview: 'If it was you, there is nothing to do',
  account_footer: 'You get this email because it is about the safety of your account.',

  second_factor_subject: 'The second factor of your Loops account',
  second_factor_heading: 'Your second factor',
  second_factor_text: 'Hi {name}, {change}',
  second_factor_added: 'a second factor was added to your account.',
  second_factor_removed: 'a second factor was removed from your account.',
  second_factor_recovery_used:
    'somebody signed in to your account with one of your recovery codes. It does not work again.',
  second_factor_recovery_made: 'your recovery codes were replaced. The earlier ones do not work any more.',
  second_factor_advice:
    'If it was not you, choose a new password now, and tell the people who run Loops for you.',
  second_factor_button: 'Choose a new password',

  password_changed_subject: 'The password of your Loops account was changed',
  password_changed_heading: 'Your password was changed',
  password_changed_text:
    'Hi {name}, your account has a new password. You are signed out of all other browsers, and all apps are disconnected.',
  password_changed_advice:
    'If it was not you, choose a new password now, and tell the people who run Loops for you.',
  password_changed_button: 'Choose a new password',

  app_connected_subject: 'An app was connected to your Loops account',
  app_connected_heading: 'An app can now work in your name',
  app_connected_text:
    'Hi {name}, an app that calls itself {app} was connected to your account, in {workspace}.',
  app_connected_advice: 'If it was not you, disconnect it and change your password.',
  app_connected_button: 'See connected apps',

  new_address_subject: 'Confirm your new address for Loops',
  new_address_heading: 'Confirm your new address',
  new_address_text:
    '{email} is to be the address of an account on Loops. Did you ask for this? Sign in and confirm it.',
  new_address_button: 'Use this address',
  new_address_unexpected: 'Not you? You can ignore this email: nothing changes.',

  address_changed_subject: 'Your Loops account has a new address',
  address_changed_heading: 'Your account has a new address',
  address_changed_text:
    'Hi {name}, your account now has the address {email}. Emails about it go there from now on.',
  address_changed_advice:
    'If it was not you, tell the people who run Loops for you at once: they can end the sessions of the account.',
  address_changed_button: 'Open your account',
  address_changed_footer: 'This is the last email to this address.',

  provider_changed_subject: 'Single sign-on of your Loops account changed',
  provider_connected_heading: 'A provider now signs you in',
  provider_connected_text:
    'Hi {name}, {provider} was connected to your account: whoever signs in there as you is signed in to Loops.',
  provider_disconnected_heading: 'A provider no longer signs you in',
  provider_disconnected_text:
    'Hi {name}, {provider} was disconnected from your account and no longer signs you in to Loops.',
  provider_changed_advice:
    'If it was not you, open your account, sign out everywhere, and tell the people who run Loops for you.',
  provider_changed_button: 'Open your account',

  provider_link_subject: 'Connect {provider} with your Loops account',
  provider_link_heading: 'Connect {provider}?',
  provider_link_text:
    'Hi {name}, somebody signed in at {provider} as {shown} and wants to use it to sign in to your account.',
  provider_link_advice: 'Was it you? Then open the link in the browser in which you began.',
  provider_link_button: 'Connect',
  provider_link_unexpected:
    'Not you? You can ignore this email: nothing changes. Pass the link on to nobody.',

  token_expiring_subject: 'Your token {token} expires soon',
  token_expiring_preview: 'It works until {when}',
  token_expiring_heading: 'An access token expires soon',
  token_expiring_text:
    'Hi {name}, your access token {token}, which ends in {ending}, works in {workspace} until {when}.',
  token_expiring_service_text:
    'Hi {name}, the access token {token} of the service account {account}, which ends in {ending}, works in {workspace} until {when}.',
  token_expiring_advice:
    'Replace it before then. The present text goes on for a day, so that no program stops meanwhile.',
  token_expiring_button: 'Replace the token',
  token_expiring_footer:
    'You are getting this email because a program may stop when the token expires. There is no further one.',
  new_browser_subject: 'A new browser signed in to your Loops account',
  new_browser_heading: 'Sign-in from a new browser',
  new_browser_text:
    'Hi {name}, somebody signed in to your account on {when}, from a browser that we do not know:',
  new_browser_named: '{browser} on {system}',
  new_browser_unknown: 'A browser that does not say what it is',
  new_browser_address: 'Its network address was {address}. We do not know more about the place.',
  new_browser_advice:
    'If it was not you, sign that browser out now, change your password, and sign out everywhere.',
  new_browser_button: 'See signed-in browsers',
  account_deleted_subject: 'Your Loops account was deleted',
  account_deleted_preview: 'Your name and address are erased',
  account_deleted_heading: 'Your account was deleted',
  account_deleted_text:
    'Hi {name}, your account was deleted. Nobody can sign in to it, and nothing works in your name any more.',
  account_deleted_advice:
    'What you wrote stays in the workspaces under “Former member”. If it was not you, tell the people who run Loops for you. You can make a new account with this address at any time.',
  account_deleted_button: 'Open Loops',
  workspace_deleted_subject: 'A workspace of yours on Loops was deleted',
  workspace_deleted_heading: 'Your workspace was deleted',
  workspace_deleted_text:
    'Hi {name}, {by} deleted the workspace {workspace} with its tasks, loops and comments. You are no longer a member, and apps that were connected to it no longer work.',
  workspace_deleted_advice:
    'It cannot be brought back. Your account and your other workspaces are as they were. If you did not expect this, ask the person who did it.',
  workspace_deleted_button: 'Open Loops',
} as const satisfies Table

/** All messages in one language. */
export type Messages = Translated<typeof en>
