// What a mail says before it has a form. Pure. layout.ts makes HTML of it and plain.ts the text part, so that both tell the
// same facts and have the same links.
import type { Language } from '../../../shared/contracts/define/language.ts'

/** What differs from one recipient to the next, and is filled in last. */
export type Slot = 'name' | 'shipped_at' | 'preferences_url' | 'unsubscribe_url'

/** A piece of a line: our words, somebody's own words, or a place for what differs between recipients. */
export type Piece = string | Readonly<{ user: string }> | Readonly<{ slot: Slot }>
export type Line = readonly Piece[]

/** An address, and a label that makes sense alone. */
export type Link = Readonly<{ label: string; url: string | Readonly<{ slot: Slot }> }>

/** A task of a list; `status` is shown where it is not the same for all. */
export type Item = Readonly<{ title: string; status?: string }>

/** A part of a mail's content, one below the other. */
export type Block =
  | Readonly<{ kind: 'heading'; label?: string; line: Line }>
  | Readonly<{ kind: 'paragraph'; line: Line; strong?: boolean }>
  | Readonly<{ kind: 'quote'; text: string }>
  | Readonly<{ kind: 'list'; heading: string; mark: '✓' | '○'; items: readonly Item[]; more?: Link }>
  /** The one thing to do. `note` introduces the address itself, for those who would rather copy it. */
  | Readonly<{ kind: 'button'; link: Link; note?: Line }>

/** A whole mail. Users' texts in it are on one line already, but not escaped. */
export type Template = Readonly<{
  language: Language
  subject: string
  /** What mail programs show behind the subject. */
  preview: Line
  /** Whose mail it is, beside our own name; empty when it is about no workspace. */
  workspace: string
  blocks: readonly Block[]
  footer: Readonly<{ line: Line; links: readonly Link[] }>
}>
