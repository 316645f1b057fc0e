// @ts-check
// How the apps call tools, and what they say to people when a call is refused.

import { say } from './messages.js'
import { button } from './page.js'

/** @import { Host, ToolResult } from './host.js' */

/** @typedef {Error & { code?: string, details?: Readonly<Record<string, unknown>> }} Refusal */

/** What the tool answered; some hosts pass on only its text. */
export const answerIn = (/** @type {ToolResult} */ { structuredContent, content }) =>
  /** @type {any} */ (structuredContent ?? JSON.parse(content?.[0]?.text ?? '{}'))

/**
 * Calls a tool by way of the host.
 * @param {Host} host
 * @param {string} name
 * @param {Readonly<Record<string, unknown>>} args those that are undefined are left out
 * @returns {Promise<any>} what the tool answers
 * @throws {Refusal}
 */
export const callTool = async (host, name, args) => {
  const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined))
  const result = /** @type {ToolResult} */ (await host.request('tools/call', { name, arguments: given }))
  if (!result?.isError) return answerIn(result)
  const { error } = /** @type {{ error?: { code: string, message: string } }} */ (
    result.structuredContent ?? {}
  )
  const message = error?.message ?? result.content?.[0]?.text ?? ''
  throw Object.assign(new Error(message), { code: error?.code ?? 'other', details: error })
}

/** Where people allow what a connection may do. */
const appsUrl = () => document.body.dataset.appsUrl ?? ''

/** What a refusal of one of several things, or of all, says to a person. */
const sentence = (/** @type {Refusal} */ { code, message, details }, approving = false) => {
  switch (code) {
    case 'forbidden':
      return approving || details?.scope === 'loops:approve'
        ? say('approve_needed', { url: appsUrl() })
        : say('forbidden')
    case 'version_conflict':
      return say('conflict')
    case 'not_found':
    case 'invalid_transition':
    case 'claimed':
    case 'timeout':
      return say(code)
    case 'rate_limited':
    case 'unavailable':
      return say('busy')
    case 'host':
      return approving ? say('host_approve', { url: appsUrl() }) : say('host', { message })
    default:
      return say('other', { message })
  }
}

/**
 * Says what a refusal was, with a way to the page where it can be allowed.
 * @param {Host} host
 * @param {{ wrong: (text: string, action?: Node) => void }} news
 * @param {unknown} fault
 * @param {{ approving?: boolean }} [call]
 */
export const sayRefusal = (host, news, fault, { approving = false } = {}) => {
  const refusal = /** @type {Refusal} */ (fault)
  const text = sentence(refusal, approving)
  const canOpen = host.capabilities.openLinks !== undefined && appsUrl() !== '' && text.includes(appsUrl())
  const open = () => host.request('ui/open-link', { url: appsUrl() }).catch(() => undefined)
  news.wrong(text, canOpen ? button({ text: say('allow'), class: 'plain', key: 'allow' }, open) : undefined)
}

/** Whether something must be read anew after a refusal. */
export const isOutdated = (/** @type {unknown} */ fault) =>
  ['version_conflict', 'not_found', 'invalid_transition', 'claimed', 'timeout'].includes(
    /** @type {Refusal} */ (fault).code ?? '',
  )

/** How many changes the model is told of. */
const CHANGES_KEPT = 20

/**
 * Tells the model what the person did here, in ids alone: each message replaces the one before.
 * @param {Host} host
 */
export const changeTeller = (host) => {
  /** @type {string[]} */
  let changes = []
  return (/** @type {string} */ change) => {
    if (host.capabilities.updateModelContext === undefined) return
    changes = [...changes, change].slice(-CHANGES_KEPT)
    const text = `The person has done this in the Loops app, and it is done already: ${changes.join('; ')}.`
    host.request('ui/update-model-context', { content: [{ type: 'text', text }] }).catch(() => undefined)
  }
}
