// Turns a draft's MJML into HTML whose slots can be filled many times. The one asynchronous part of the mails.
import mjml2html from 'mjml'
import { escapeHtml } from './text.ts'

/** Rendered HTML, cut at its slots: `literals` has one more than `slots`. */
export type Rendered = Readonly<{ literals: readonly string[]; slots: readonly string[] }>

/** Written by us only: people's text has its braces escaped before it comes here. */
const SLOT = /\{\{([a-z_]+)\}\}/

/**
 * Renders MJML.
 * @throws when the MJML is not valid: a fault of ours, never of anybody's text.
 */
export const render = async (mjml: string): Promise<Rendered> => {
  // No fonts from elsewhere: loading one would tell a stranger who opened the mail, and when.
  const { html } = await mjml2html(mjml, {
    fonts: {},
    keepComments: false,
    validationLevel: 'strict',
    ignoreIncludes: true,
  })
  const parts = html.replace(/^\s+/gm, '').split(SLOT)
  return {
    literals: parts.filter((_, index) => index % 2 === 0),
    slots: parts.filter((_, index) => index % 2 === 1),
  }
}

/**
 * The HTML for one recipient. Values are escaped here and never looked at for slots again.
 * @throws when a slot has no value.
 */
export const fill = ({ literals, slots }: Rendered, values: Readonly<Record<string, string>>): string =>
  literals.reduce((html, literal, index) => {
    const slot = slots[index - 1] ?? ''
    const value = values[slot]
    if (value === undefined) throw new Error(`The mail's slot ${slot} has no value.`)
    return html + escapeHtml(value) + literal
  })
