// The mail that tells a workspace's owner that a webhook was disabled. Pure.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says. */
export type WebhookDisabled = Readonly<{
  /** The owner's. */
  name: string
  workspace_name: string
  /** The address that was called. */
  url: string
  cause: 'failing' | 'gone'
  /** Since when no call has succeeded, written out. */
  failing_since: string
  /** The page of the webhooks. */
  webhooks_url: string
}>

/** The mail. It has no slots. */
export const webhookDisabled = (facts: WebhookDisabled, wording: Wording): Template => {
  const url = oneLine(facts.url)
  const workspace = oneLine(facts.workspace_name)
  const name = { user: oneLine(facts.name) }
  return {
    language: wording.language,
    subject: wording.subject('webhook_subject', { url }),
    preview: wording.say('webhook_preview', { workspace: { user: workspace } }),
    workspace,
    blocks: [
      { kind: 'heading', label: wording.word('webhook_label'), line: [{ user: url }] },
      {
        kind: 'paragraph',
        line:
          facts.cause === 'gone'
            ? wording.say('webhook_gone', { name })
            : wording.say('webhook_failing', { name, when: facts.failing_since }),
      },
      { kind: 'paragraph', line: [wording.word('webhook_next')] },
    ],
    button: { link: { label: wording.word('webhook_button'), url: facts.webhooks_url } },
    footer: { line: [wording.word('why_owner')], links: [] },
  }
}
