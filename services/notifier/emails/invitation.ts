// The mail that invites somebody into a workspace. Pure. It holds a secret link, so it is made when it is sent and kept
// nowhere.
import type { Template } from './template.ts'
import { headerName, unlinked } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail tells; `url` is the secret link. */
export type Invitation = Readonly<{
  url: string
  workspace_name: string
  invited_by: string
  /** The last moment to take it up, written out. */
  expires_at: string
}>

/** The mail of an invitation; it has no slots. */
export const invitation = (told: Invitation, wording: Wording): Template => {
  // It goes to people who may know nobody here: a name is no room for a message, nor for a link.
  const by = unlinked(headerName(told.invited_by))
  const workspace = unlinked(headerName(told.workspace_name))
  const when = told.expires_at
  return {
    language: wording.language,
    subject: wording.subject('invitation_subject', { by, workspace }),
    preview: wording.say('invitation_preview', { when }),
    workspace,
    blocks: [
      { kind: 'heading', line: wording.say('invitation_heading', { workspace: { user: workspace } }) },
      { kind: 'paragraph', line: wording.say('invitation_text', { by: { user: by } }) },
      {
        kind: 'button',
        link: { label: wording.word('invitation_button'), url: told.url },
        note: wording.say('invitation_link', { when }),
      },
    ],
    footer: { line: [wording.word('invitation_unexpected')], links: [] },
  }
}
