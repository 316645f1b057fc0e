// The mail with the link that confirms an account's address. Pure.
import type { Template } from './template.ts'
import type { Wording } from './wording.ts'

/** What the mail says; `url` is the secret link. It does not say the name, because whoever made the account chose it. */
type Confirmation = Readonly<{
  url: string
  email: string
  /** When the link ends, written out. */
  expires_at: string
}>

/** The mail. It has no slots. */
export const confirmation = (facts: Confirmation, wording: Wording): Template => {
  const when = facts.expires_at
  return {
    language: wording.language,
    subject: wording.subject('confirm_subject', {}),
    preview: wording.say('confirm_preview', { when }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('confirm_heading')] },
      { kind: 'paragraph', line: wording.say('confirm_text', { email: { user: facts.email } }) },
    ],
    button: {
      link: { label: wording.word('confirm_button'), url: facts.url },
      note: wording.say('confirm_link', { when }),
    },
    footer: { line: [wording.word('confirm_unexpected')], links: [] },
  }
}
