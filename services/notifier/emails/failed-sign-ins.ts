// The mail that warns a person that somebody is trying passwords for their account. Pure.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says. */
type FailedSignIns = Readonly<{
  /** The page to ask for a link at; no secret itself. */
  url: string
  /** The person's. */
  name: string
}>

/** The mail. It has no slots. */
export const failedSignIns = (facts: FailedSignIns, wording: Wording): Template => ({
  language: wording.language,
  subject: wording.subject('tries_subject', {}),
  preview: [wording.word('tries_preview')],
  workspace: '',
  blocks: [
    { kind: 'heading', line: [wording.word('tries_heading')] },
    { kind: 'paragraph', line: wording.say('tries_text', { name: { user: oneLine(facts.name) } }) },
    { kind: 'paragraph', line: [wording.word('tries_advice')] },
  ],
  button: { link: { label: wording.word('tries_button'), url: facts.url } },
  footer: { line: [wording.word('tries_again')], links: [] },
})
