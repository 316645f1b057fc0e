// The mail that tells the owner of a workspace that one of its webhooks is called no more. Pure.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail tells. */
export type WebhookDisabled = Readonly<{
  /** Of the person. */
  name: string
  workspace_name: string
  /** The address. */
  url: string
  cause: 'failing' | 'gone'
  /** Since when no call has succeeded, written out. */
  failing_since: string
  /** Where webhooks are looked after. */
  webhooks_url: string
}>

/** The mail; it has no slots. */
export const webhookDisabled = (told: WebhookDisabled, wording: Wording): Template => {
  const url = oneLine(told.url)
  const workspace = oneLine(told.workspace_name)
  const name = { user: oneLine(told.name) }
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
          told.cause === 'gone'
            ? wording.say('webhook_gone', { name })
            : wording.say('webhook_failing', { name, when: told.failing_since }),
      },
      { kind: 'paragraph', line: [wording.word('webhook_next')] },
      { kind: 'button', link: { label: wording.word('webhook_button'), url: told.webhooks_url } },
    ],
    footer: { line: [wording.word('why_owner')], links: [] },
  }
}
