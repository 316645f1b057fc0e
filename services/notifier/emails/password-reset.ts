// The mail with the link for a new password: subject, MJML and text part. Pure. It holds a secret link, so it is made when
// it is sent and kept nowhere.
import { block, button, COLOURS, type Draft, layout } from './layout.ts'
import { escapeHtml, oneLine } from './text.ts'

/** What the mail tells; `url` is the secret link. */
export type PasswordReset = Readonly<{
  url: string
  /** Of the person. */
  name: string
  /** The last moment to use the link, written out. */
  expires_at: string
}>

const EFFECT = 'With it, browsers that are signed in are signed out, and connected apps are disconnected.'
const FOOTER = 'You did not ask for this? Then do nothing: your password stays as it is.'

/** The mail; it has no slots. */
export const passwordResetMail = ({ url, name, expires_at }: PasswordReset): Draft => {
  const link = escapeHtml(url)
  return {
    subject: 'A new password for Loops',
    mjml: layout({
      title: 'A new password for Loops',
      preview: `Choose it by ${expires_at}`,
      workspace: '',
      card: [
        block(
          `<h1 style="margin:0 0 14px;font-size:24px;line-height:1.3;font-weight:700;color:${COLOURS.text}">Choose a new password</h1>`,
        ),
        block(
          `Hi <bdi>${escapeHtml(oneLine(name))}</bdi>, somebody asked for a new password for your account. ${EFFECT}`,
        ),
        button('Choose a new password', link),
        block(
          `<p class="muted" style="margin:10px 0 0;font-size:14px;color:${COLOURS.muted}">Or open this address, which is yours alone and works once, until ${escapeHtml(expires_at)}:<br><a href="${link}" target="_blank" style="color:${COLOURS.accent};word-break:break-all">${link}</a></p>`,
        ),
      ].join(''),
      footer: FOOTER,
    }),
  }
}

/** The text part: the same facts and link. */
export const passwordResetText = ({ url, name, expires_at }: PasswordReset): string =>
  [
    'Choose a new password',
    '',
    `Hi ${oneLine(name)}, somebody asked for a new password for your account. ${EFFECT}`,
    '',
    `Choose a new password: ${url}`,
    '',
    `The address is yours alone and works once, until ${expires_at}.`,
    '',
    '-- ',
    FOOTER,
    '',
  ].join('\n')
