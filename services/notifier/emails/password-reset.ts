// The mail with the link for a new password. Pure.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says; `url` is the secret link. */
type PasswordReset = Readonly<{
  url: string
  /** The person's. */
  name: string
  /** When the link ends, written out. */
  expires_at: string
}>

/** The mail. It has no slots. */
export const passwordReset = (facts: PasswordReset, wording: Wording): Template => {
  const when = facts.expires_at
  return {
    language: wording.language,
    subject: wording.subject('reset_subject', {}),
    preview: wording.say('reset_preview', { when }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('reset_heading')] },
      { kind: 'paragraph', line: wording.say('reset_text', { name: { user: oneLine(facts.name) } }) },
    ],
    button: {
      link: { label: wording.word('reset_button'), url: facts.url },
      note: wording.say('reset_link', { when }),
    },
    footer: { line: [wording.word('reset_unexpected')], links: [] },
  }
}
