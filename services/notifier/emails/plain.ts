// The text part of a mail, for people and programs that show no HTML. Pure.
import type { Language } from '../../../shared/contracts/define/language.ts'
import type { Block, Button, Line, Link, Piece, Slot, Template } from './template.ts'
import { colonIn, isolated } from './text.ts'

/** A text cut at its slots: `literals` has one more than `slots`. */
export type Slotted = Readonly<{ literals: readonly string[]; slots: readonly Slot[] }>

type Part = string | Readonly<{ slot: Slot }>

/** A line's pieces as text; people's own words are isolated from the words around them. */
const partsOf = (line: Line, { language }: Pick<Template, 'language'>): Part[] =>
  line.map((piece: Piece) =>
    typeof piece === 'object' && 'user' in piece ? isolated(piece.user, language) : piece,
  )

/** A line without slots as text. */
export const plainLine = (line: Line, template: Pick<Template, 'language'>): string =>
  partsOf(line, template)
    .filter((part) => typeof part === 'string')
    .join('')

const linkParts = ({ label, url }: Link, language: Language): Part[] => [
  `${label}${colonIn(language)} `,
  url,
  '\n',
]

const blockParts = (block: Block, template: Template): Part[] => {
  switch (block.kind) {
    case 'heading':
      return [
        block.label ? `${block.label}${colonIn(template.language)} ` : '',
        ...partsOf(block.line, template),
        '\n\n',
      ]
    case 'paragraph':
      return [...partsOf(block.line, template), '\n\n']
    case 'quote':
      return [`> ${block.text}\n\n`]
    case 'list':
      return [
        `${block.heading}${colonIn(template.language)}\n`,
        ...block.items.map(
          ({ title, status }) =>
            `  ${block.mark} ${isolated(title, template.language)}${status ? ` (${status})` : ''}\n`,
        ),
        ...(block.more ? ['  ', ...linkParts(block.more, template.language)] : []),
        '\n',
      ]
  }
}

const buttonParts = ({ link, note }: Button, template: Template): Part[] =>
  note ? [...partsOf(note, template), '\n', link.url, '\n\n'] : [...linkParts(link, template.language), '\n']

const slotted = (parts: readonly Part[]): Slotted => {
  const literals = ['']
  const slots: Slot[] = []
  for (const part of parts) {
    if (typeof part === 'string') literals[literals.length - 1] += part
    else {
      slots.push(part.slot)
      literals.push('')
    }
  }
  return { literals, slots }
}

/** The text part. */
export const plainText = (template: Template): Slotted => {
  const { workspace, blocks, button, footer, language } = template
  return slotted([
    workspace === '' ? '' : `Loops · ${isolated(workspace, language)}\n\n`,
    ...blocks.flatMap((block) => blockParts(block, template)),
    ...buttonParts(button, template),
    // Mail programs take what follows this line for a signature (RFC 3676 §4.3).
    '-- \n',
    ...partsOf(footer.line, template),
    '\n',
    ...footer.links.flatMap((link) => linkParts(link, language)),
  ])
}
