// The mail that invites somebody into a workspace. Pure.
import type { Template } from './template.ts'
import { headerName, unlinked } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says; `url` is the secret link. */
export type Invitation = Readonly<{
  url: string
  workspace_name: string
  invited_by: string
  /** When the invitation ends, written out. */
  expires_at: string
}>

/** The mail. It has no slots. */
export const invitation = (facts: Invitation, wording: Wording): Template => {
  // It goes to strangers too: a name must not carry a message or a link to them.
  const by = unlinked(headerName(facts.invited_by))
  const workspace = unlinked(headerName(facts.workspace_name))
  const when = facts.expires_at
  return {
    language: wording.language,
    subject: wording.subject('invitation_subject', { by, workspace }),
    preview: wording.say('invitation_preview', { when }),
    workspace,
    blocks: [
      { kind: 'heading', line: wording.say('invitation_heading', { workspace: { user: workspace } }) },
      { kind: 'paragraph', line: wording.say('invitation_text', { by: { user: by } }) },
    ],
    button: {
      link: { label: wording.word('invitation_button'), url: facts.url },
      note: wording.say('invitation_link', { when }),
    },
    footer: { line: [wording.word('invitation_unexpected')], links: [] },
  }
}
