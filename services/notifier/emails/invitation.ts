// The mail that invites somebody into a workspace: subject, MJML and text part. Pure. It holds a secret link, so it is
// made when it is sent and kept nowhere.
import { block, button, COLOURS, type Draft, layout } from './layout.ts'
import { cut, escapeHtml, oneLine } from './text.ts'

/** What the mail tells; `url` is the secret link. */
export type Invitation = Readonly<{
  url: string
  workspace_name: string
  invited_by: string
  /** The last moment to take it up, written out. */
  expires_at: string
}>

const SUBJECT_CHARS = 78

const told = (invitation: Invitation) => ({
  by: oneLine(invitation.invited_by),
  workspace: oneLine(invitation.workspace_name),
})

/** The mail of an invitation; it has no slots. */
export const invitationMail = (invitation: Invitation): Draft => {
  const { by, workspace } = told(invitation)
  const url = escapeHtml(invitation.url)
  return {
    subject: cut(`${by} invites you to ${workspace} on Loops`, SUBJECT_CHARS),
    mjml: layout({
      title: `Invitation to ${workspace}`,
      preview: `Make your account and join by ${invitation.expires_at}`,
      workspace,
      card: [
        block(
          `<h1 style="margin:0 0 14px;font-size:24px;line-height:1.3;font-weight:700;color:${COLOURS.text}">Join <bdi>${escapeHtml(workspace)}</bdi></h1>`,
        ),
        block(
          `<bdi>${escapeHtml(by)}</bdi> invites you to this workspace on Loops, where people and their coding agents share one queue of work.`,
        ),
        button('Accept the invitation', url),
        block(
          `<p class="muted" style="margin:10px 0 0;font-size:14px;color:${COLOURS.muted}">Or open this address, which is yours alone and works until ${escapeHtml(invitation.expires_at)}:<br><a href="${url}" target="_blank" style="color:${COLOURS.accent};word-break:break-all">${url}</a></p>`,
        ),
      ].join(''),
      footer: 'You did not expect this? Then do nothing: no account is made without you.',
    }),
  }
}

/** The text part: the same facts and link. */
export const invitationText = (invitation: Invitation): string => {
  const { by, workspace } = told(invitation)
  return [
    `Join ${workspace}`,
    '',
    `${by} invites you to this workspace on Loops, where people and their coding agents share one queue of work.`,
    '',
    `Accept the invitation: ${invitation.url}`,
    '',
    `The address is yours alone and works until ${invitation.expires_at}.`,
    '',
    '-- ',
    'You did not expect this? Then do nothing: no account is made without you.',
    '',
  ].join('\n')
}
