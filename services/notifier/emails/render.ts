// Renders a template as HTML and as text, with slots to be filled for each recipient.
import { layout } from './layout.ts'
import { plainText, type Slotted } from './plain.ts'
import type { Slot, Template } from './template.ts'
import { escapeHtml, isolated, oneLine } from './text.ts'

/** A rendered mail whose slots are still to be filled. */
export type Rendered = Readonly<Pick<Template, 'language' | 'subject'> & { html: Slotted; text: Slotted }>

/** Only layout.ts writes these: braces in people's text are escaped before they come here. */
const SLOT = /\{\{([a-z_]+)\}\}/

const htmlOf = async (template: Template): Promise<Slotted> => {
  // Loaded with the first mail: it costs more memory and time than the rest of the notifier.
  const { default: mjml2html } = await import('mjml')
  const { html } = await mjml2html(layout(template), {
    fonts: {},
    keepComments: false,
    validationLevel: 'strict',
    ignoreIncludes: true,
  })
  // MJML announces an “email” to screen readers, in English whatever language the mail is in.
  const plain = html.replace(' aria-roledescription="email"', '')
  const parts = plain.replace(/^\s+/gm, '').split(SLOT)
  return {
    literals: parts.filter((_, index) => index % 2 === 0),
    slots: parts.filter((_, index) => index % 2 === 1) as Slot[],
  }
}

/**
 * Renders a template.
 * @throws when its MJML is not valid: a fault of layout.ts, which no text of people can cause.
 */
export const render = async (template: Template): Promise<Rendered> => ({
  language: template.language,
  subject: template.subject,
  html: await htmlOf(template),
  text: plainText(template),
})

/** What fills the slots for one recipient, as plain text. */
export type Parts = Readonly<Record<Slot, string>>

const join = ({ literals, slots }: Slotted, partOf: (slot: Slot) => string): string =>
  literals.reduce((text, literal, index) => {
    const slot = slots[index - 1]
    return text + (slot === undefined ? '' : partOf(slot)) + literal
  })

/**
 * The mail for one recipient. Values are put on one line, escaped where it is HTML, and not searched for slots again.
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
