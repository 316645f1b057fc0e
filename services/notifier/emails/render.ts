// Gives a letter its two forms, each with slots that can be filled many times. The one asynchronous part of the mails.
import mjml2html from 'mjml'
import { layout } from './layout.ts'
import { plainText, type Slotted } from './plain.ts'
import type { Slot, Template } from './template.ts'
import { escapeHtml, isolated, oneLine } from './text.ts'

/** A letter that is the same for many recipients, ready to be filled for each. */
export type Rendered = Readonly<Pick<Template, 'language' | 'subject'> & { html: Slotted; text: Slotted }>

/** Written by us only: people's text has its braces escaped before it comes here. */
const SLOT = /\{\{([a-z_]+)\}\}/

const htmlOf = async (letter: Template): Promise<Slotted> => {
  const { html } = await mjml2html(layout(letter), {
    fonts: {},
    keepComments: false,
    validationLevel: 'strict',
    ignoreIncludes: true,
  })
  // MJML calls every mail an “email” to screen readers, in English whatever it is written in.
  const ours = html.replace(' aria-roledescription="email"', '')
  const parts = ours.replace(/^\s+/gm, '').split(SLOT)
  return {
    literals: parts.filter((_, index) => index % 2 === 0),
    slots: parts.filter((_, index) => index % 2 === 1) as Slot[],
  }
}

/**
 * Renders a letter.
 * @throws when its MJML is not valid: our own fault, never that of anybody's text.
 */
export const render = async (letter: Template): Promise<Rendered> => ({
  language: letter.language,
  subject: letter.subject,
  html: await htmlOf(letter),
  text: plainText(letter),
})

/** What stands in the slots for one recipient, as plain text. */
export type Parts = Readonly<Record<Slot, string>>

const join = ({ literals, slots }: Slotted, partOf: (slot: Slot) => string): string =>
  literals.reduce((text, literal, index) => {
    const slot = slots[index - 1]
    return text + (slot === undefined ? '' : partOf(slot)) + literal
  })

/**
 * The mail for one recipient. Values are made fit for each form here, on one line, and never looked at for slots
 * again.
 * @throws when a slot has no value.
 */
export const fill = (
  { language, subject, html, text }: Rendered,
  parts: Partial<Parts>,
): Readonly<{ subject: string; html: string; text: string }> => {
  const partOf = (slot: Slot): string => {
    const value = parts[slot]
    if (value === undefined) throw new Error(`The mail's slot ${slot} has no value.`)
    return oneLine(value)
  }
  return {
    subject,
    html: join(html, (slot) => escapeHtml(partOf(slot))),
    text: join(text, (slot) => (slot === 'name' ? isolated(partOf(slot), language) : partOf(slot))),
  }
}
