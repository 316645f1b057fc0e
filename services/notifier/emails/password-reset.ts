// The mail with the link for a new password. Pure. It holds a secret link, so it is made when it is sent and kept nowhere.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail tells; `url` is the secret link. */
type PasswordReset = Readonly<{
  url: string
  /** Of the person. */
  name: string
  /** The last moment to use the link, written out. */
  expires_at: string
}>

/** The mail; it has no slots. */
export const passwordReset = (told: PasswordReset, wording: Wording): Template => {
  const when = told.expires_at
  return {
    language: wording.language,
    subject: wording.subject('reset_subject', {}),
    preview: wording.say('reset_preview', { when }),
    workspace: '',
    blocks: [
      { kind: 'heading', line: [wording.word('reset_heading')] },
      { kind: 'paragraph', line: wording.say('reset_text', { name: { user: oneLine(told.name) } }) },
      {
        kind: 'button',
        link: { label: wording.word('reset_button'), url: told.url },
        note: wording.say('reset_link', { when }),
      },
    ],
    footer: { line: [wording.word('reset_unexpected')], links: [] },
  }
}
