// The mail about a task that was put on hold because its agents vanish, to whoever approved it. Pure.
import type { Template } from './template.ts'
import { oneLine } from './text.ts'
import type { Wording } from './wording.ts'

/** What the mail says. */
export type TaskHeld = Readonly<{
  title: string
  /** How many claims in a row nobody renewed. */
  expiries: number
  workspace_name: string
}>

/** The mail. @param url the page of the task. */
export const taskHeld = (facts: TaskHeld, wording: Wording, url: string): Template => {
  const task = oneLine(facts.title)
  const workspace = oneLine(facts.workspace_name)
  const vanished = wording.plural('held_vanished', facts.expiries)
  return {
    language: wording.language,
    subject: wording.subject('held_subject', { task }),
    preview: wording.say('held_preview', { workspace: { user: workspace } }),
    workspace,
    blocks: [
      { kind: 'heading', label: wording.word('held_label'), line: [{ user: task }] },
      { kind: 'paragraph', line: wording.say('held_text', { name: { slot: 'name' }, vanished }) },
      { kind: 'paragraph', line: [wording.word('held_next')] },
    ],
    button: { link: { label: wording.word('open_task'), url } },
    footer: {
      line: [wording.word('why_approver')],
      links: [
        { label: wording.word('choose_mails'), url: { slot: 'preferences_url' } },
        { label: wording.word('unsubscribe'), url: { slot: 'unsubscribe_url' } },
      ],
    },
  }
}
