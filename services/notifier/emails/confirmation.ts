// The mail with the link that confirms an account's address. Pure. It holds a secret link, so it is made when it is sent and
// kept nowhere.
import type { Template } from './template.ts'
import type { Wording } from './wording.ts'

/** What the mail tells; `url` is the secret link. The name is left out: whoever made the account chose it. */
type Confirmation = Readonly<{
  url: string
  email: string
  /** The last moment to use the link, written out. */
  expires_at: string
}>

/** The mail; it has no slots. */
export const confirmation = (told: Confirmation, wording: Wording): Template => {
  const when = told.expires_at
  return {
    language: wording.language,
    subject: wording.subject('confirm_subject', {}),
    preview: wording.say('confirm_preview', { when }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('confirm_heading')] },
      { kind: 'paragraph', line: wording.say('confirm_text', { email: { user: told.email } }) },
      {
        kind: 'button',
        link: { label: wording.word('confirm_button'), url: told.url },
        note: wording.say('confirm_link', { when }),
      },
    ],
    footer: { line: [wording.word('confirm_unexpected')], links: [] },
  }
}
