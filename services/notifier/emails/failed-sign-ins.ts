// The mail that tells a person that somebody tries passwords of their account. Pure. Its link is no secret: it leads to the
// page at which a mail with one is asked for.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail tells. */
type FailedSignIns = Readonly<{
  /** Where to ask for a way in. */
  url: string
  /** Of the person. */
  name: string
}>

/** The mail; it has no slots. */
export const failedSignIns = (told: FailedSignIns, wording: Wording): Template => ({
  language: wording.language,
  subject: wording.subject('tries_subject', {}),
  preview: [wording.word('tries_preview')],
  workspace: '',
  blocks: [
    { kind: 'heading', line: [wording.word('tries_heading')] },
    { kind: 'paragraph', line: wording.say('tries_text', { name: { user: oneLine(told.name) } }) },
    { kind: 'paragraph', line: [wording.word('tries_advice')] },
    { kind: 'button', link: { label: wording.word('tries_button'), url: told.url } },
  ],
  footer: { line: [wording.word('tries_again')], links: [] },
})
