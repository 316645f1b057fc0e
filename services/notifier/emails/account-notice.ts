// The mails about what happened to an account, which all have one form: what it was, and what to do if it was not you. Pure.
import type { Piece, Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What such a mail is told. */
export type AccountNotice = Readonly<{
  /** Where its button leads. */
  url: string
  /** The person's. */
  name: string
  email: string
  /** When a link ends, written out. */
  expires_at: string
  facts?: Readonly<Record<string, string>> | undefined
}>

const person = ({ name }: AccountNotice): Piece => ({ user: oneLine(name) })
const fact = ({ facts }: AccountNotice, key: string): Piece => ({ user: oneLine(facts?.[key] ?? '') })

/** The password was changed. */
export const passwordChanged = (notice: AccountNotice, wording: Wording): Template => ({
  language: wording.language,
  subject: wording.subject('password_changed_subject', {}),
  preview: [wording.word('account_preview')],
  workspace: '',
  blocks: [
    { kind: 'heading', line: [wording.word('password_changed_heading')] },
    { kind: 'paragraph', line: wording.say('password_changed_text', { name: person(notice) }) },
    { kind: 'paragraph', line: [wording.word('password_changed_advice')] },
  ],
  button: { link: { label: wording.word('password_changed_button'), url: notice.url } },
  footer: { line: [wording.word('account_footer')], links: [] },
})

/** What may have happened to a second factor. */
const FACTOR_CHANGES = ['added', 'removed', 'recovery_used', 'recovery_made'] as const

/** A second factor was added or removed, or a recovery code stood in for it. */
export const secondFactorChanged = (notice: AccountNotice, wording: Wording): Template => {
  const change = FACTOR_CHANGES.find((one) => one === notice.facts?.change) ?? 'added'
  const places = { name: person(notice), change: wording.word(`second_factor_${change}`) }
  return {
    language: wording.language,
    subject: wording.subject('second_factor_subject', {}),
    preview: [wording.word('account_preview')],
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('second_factor_heading')] },
      { kind: 'paragraph', line: wording.say('second_factor_text', places) },
      { kind: 'paragraph', line: [wording.word('second_factor_advice')] },
    ],
    button: { link: { label: wording.word('second_factor_button'), url: notice.url } },
    footer: { line: [wording.word('account_footer')], links: [] },
  }
}

/** A provider signs its person in from now on, or does so no more. */
export const providerChanged = (notice: AccountNotice, wording: Wording): Template => {
  const change = notice.facts?.change === 'disconnected' ? 'disconnected' : 'connected'
  const places = { name: person(notice), provider: fact(notice, 'provider') }
  return {
    language: wording.language,
    subject: wording.subject('provider_changed_subject', {}),
    preview: [wording.word('account_preview')],
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word(`provider_${change}_heading`)] },
      { kind: 'paragraph', line: wording.say(`provider_${change}_text`, places) },
      { kind: 'paragraph', line: [wording.word('provider_changed_advice')] },
    ],
    button: { link: { label: wording.word('provider_changed_button'), url: notice.url } },
    footer: { line: [wording.word('account_footer')], links: [] },
  }
}

/** Asks whether a provider is to sign its person in. */
export const providerLink = (notice: AccountNotice, wording: Wording): Template => {
  const { facts = {}, expires_at: when } = notice
  const places = {
    name: person(notice),
    provider: fact(notice, 'provider'),
    shown: fact(notice, 'shown'),
  }
  return {
    language: wording.language,
    subject: wording.subject('provider_link_subject', { provider: oneLine(facts.provider ?? '') }),
    preview: wording.say('confirm_preview', { when }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: wording.say('provider_link_heading', { provider: places.provider }) },
      { kind: 'paragraph', line: wording.say('provider_link_text', places) },
      { kind: 'paragraph', line: [wording.word('provider_link_advice')] },
    ],
    button: {
      link: { label: wording.word('provider_link_button'), url: notice.url },
      note: wording.say('confirm_link', { when }),
    },
    footer: { line: [wording.word('provider_link_unexpected')], links: [] },
  }
}

/** An app was allowed to work in the person's name. It chose its name itself. */
export const appConnected = (notice: AccountNotice, wording: Wording): Template => {
  const places = { name: person(notice), app: fact(notice, 'app'), workspace: fact(notice, 'workspace') }
  return {
    language: wording.language,
    subject: wording.subject('app_connected_subject', {}),
    preview: [wording.word('account_preview')],
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('app_connected_heading')] },
      { kind: 'paragraph', line: wording.say('app_connected_text', places) },
      { kind: 'paragraph', line: [wording.word('app_connected_advice')] },
    ],
    button: { link: { label: wording.word('app_connected_button'), url: notice.url } },
    footer: { line: [wording.word('account_footer')], links: [] },
  }
}

/** A token ends in a week: the reader's own, or one of a service account that the reader manages. */
export const tokenExpiring = (notice: AccountNotice, wording: Wording): Template => {
  const { facts = {} } = notice
  const places = {
    name: person(notice),
    token: fact(notice, 'token'),
    ending: fact(notice, 'ending'),
    workspace: fact(notice, 'workspace'),
    when: facts.at ?? '',
  }
  const text =
    facts.account === undefined
      ? wording.say('token_expiring_text', places)
      : wording.say('token_expiring_service_text', { ...places, account: fact(notice, 'account') })
  return {
    language: wording.language,
    subject: wording.subject('token_expiring_subject', { token: oneLine(facts.token ?? '') }),
    preview: wording.say('token_expiring_preview', { when: facts.at ?? '' }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('token_expiring_heading')] },
      { kind: 'paragraph', line: text },
      { kind: 'paragraph', line: [wording.word('token_expiring_advice')] },
    ],
    button: { link: { label: wording.word('token_expiring_button'), url: notice.url } },
    footer: { line: [wording.word('token_expiring_footer')], links: [] },
  }
}

/** Somebody signed in from a browser that the account was not used in before. What it says of itself may be made up. */
export const newBrowser = (notice: AccountNotice, wording: Wording): Template => {
  const { browser, system } = notice.facts ?? {}
  const named =
    browser && system
      ? wording.say('new_browser_named', { browser: { user: browser }, system: { user: system } })
      : [browser ?? system ?? wording.word('new_browser_unknown')]
  const places = { name: person(notice), when: notice.facts?.at ?? '' }
  return {
    language: wording.language,
    subject: wording.subject('new_browser_subject', {}),
    preview: [wording.word('account_preview')],
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('new_browser_heading')] },
      { kind: 'paragraph', line: wording.say('new_browser_text', places) },
      { kind: 'paragraph', line: named, strong: true },
      { kind: 'paragraph', line: wording.say('new_browser_address', { address: fact(notice, 'address') }) },
      { kind: 'paragraph', line: [wording.word('new_browser_advice')] },
    ],
    button: { link: { label: wording.word('new_browser_button'), url: notice.url } },
    footer: { line: [wording.word('account_footer')], links: [] },
  }
}

/** Goes to a new address before it is used. It does not say the name: whoever asked for it may be a stranger. */
export const newAddress = (notice: AccountNotice, wording: Wording): Template => {
  const when = notice.expires_at
  return {
    language: wording.language,
    subject: wording.subject('new_address_subject', {}),
    preview: wording.say('confirm_preview', { when }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('new_address_heading')] },
      { kind: 'paragraph', line: wording.say('new_address_text', { email: { user: notice.email } }) },
    ],
    button: {
      link: { label: wording.word('new_address_button'), url: notice.url },
      note: wording.say('confirm_link', { when }),
    },
    footer: { line: [wording.word('new_address_unexpected')], links: [] },
  }
}

/** Goes to the address that an account had before. */
export const addressChanged = (notice: AccountNotice, wording: Wording): Template => ({
  language: wording.language,
  subject: wording.subject('address_changed_subject', {}),
  preview: [wording.word('account_preview')],
  workspace: '',
  blocks: [
    { kind: 'heading', line: [wording.word('address_changed_heading')] },
    {
      kind: 'paragraph',
      line: wording.say('address_changed_text', { name: person(notice), email: fact(notice, 'email') }),
    },
    { kind: 'paragraph', line: [wording.word('address_changed_advice')] },
  ],
  button: { link: { label: wording.word('address_changed_button'), url: notice.url } },
  footer: { line: [wording.word('address_changed_footer')], links: [] },
})

/** Goes to the address that a deleted account had. */
export const accountDeleted = (notice: AccountNotice, wording: Wording): Template => ({
  language: wording.language,
  subject: wording.subject('account_deleted_subject', {}),
  preview: [wording.word('account_deleted_preview')],
  workspace: '',
  blocks: [
    { kind: 'heading', line: [wording.word('account_deleted_heading')] },
    { kind: 'paragraph', line: wording.say('account_deleted_text', { name: person(notice) }) },
    { kind: 'paragraph', line: [wording.word('account_deleted_advice')] },
  ],
  button: { link: { label: wording.word('account_deleted_button'), url: notice.url } },
  footer: { line: [wording.word('address_changed_footer')], links: [] },
})

/** A workspace of the person was deleted. */
export const workspaceDeleted = (notice: AccountNotice, wording: Wording): Template => {
  const places = { name: person(notice), workspace: fact(notice, 'workspace'), by: fact(notice, 'by') }
  return {
    language: wording.language,
    subject: wording.subject('workspace_deleted_subject', {}),
    preview: [wording.word('account_preview')],
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('workspace_deleted_heading')] },
      { kind: 'paragraph', line: wording.say('workspace_deleted_text', places) },
      { kind: 'paragraph', line: [wording.word('workspace_deleted_advice')] },
    ],
    button: { link: { label: wording.word('workspace_deleted_button'), url: notice.url } },
    footer: { line: [wording.word('account_footer')], links: [] },
  }
}
