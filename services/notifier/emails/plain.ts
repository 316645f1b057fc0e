// The text part of a mail, made from what it says: for people and programs that show no HTML. Pure.
import type { Block, Line, Link, Piece, Slot, Template } from './template.ts'
import { isolated } from './text.ts'

/** A text cut at its slots: `literals` has one more than `slots`. */
export type Slotted = Readonly<{ literals: readonly string[]; slots: readonly Slot[] }>

type Part = string | Readonly<{ slot: Slot }>

/** A line's pieces as text, people's own words kept apart. */
const partsOf = (line: Line, { language }: Pick<Template, 'language'>): Part[] =>
  line.map((piece: Piece) =>
    typeof piece === 'object' && 'user' in piece ? isolated(piece.user, language) : piece,
  )

/** A line without slots as text. */
export const plainLine = (line: Line, letter: Pick<Template, 'language'>): string =>
  partsOf(line, letter)
    .filter((part) => typeof part === 'string')
    .join('')

const linkParts = ({ label, url }: Link): Part[] => [`${label}: `, url, '\n']

const blockParts = (block: Block, letter: Template): Part[] => {
  switch (block.kind) {
    case 'heading':
      return [block.label ? `${block.label}: ` : '', ...partsOf(block.line, letter), '\n\n']
    case 'paragraph':
      return [...partsOf(block.line, letter), '\n\n']
    case 'quote':
      return [`> ${block.text}\n\n`]
    case 'list':
      return [
        `${block.heading}:\n`,
        ...block.items.map(
          ({ title, status }) =>
            `  ${block.mark} ${isolated(title, letter.language)}${status ? ` (${status})` : ''}\n`,
        ),
        ...(block.more ? ['  ', ...linkParts(block.more)] : []),
        '\n',
      ]
    case 'button':
      return block.note
        ? [...partsOf(block.note, letter), '\n', block.link.url, '\n\n']
        : [...linkParts(block.link), '\n']
  }
}

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
export const plainText = (letter: Template): Slotted => {
  const { workspace, blocks, footer, language } = letter
  return slotted([
    workspace === '' ? '' : `Loops · ${isolated(workspace, language)}\n\n`,
    ...blocks.flatMap((block) => blockParts(block, letter)),
    // What follows this line is no part of the message: mail programs know it as a signature (RFC 3676 §4.3).
    '-- \n',
    ...partsOf(footer.line, letter),
    '\n',
    ...footer.links.flatMap(linkParts),
  ])
}
