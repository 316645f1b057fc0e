// What a mail says, before it has a form. Pure. layout.ts makes HTML of it and plain.ts text, so both say the same.
import type { Language } from '../../../shared/contracts/define/language.ts'

/** What differs between recipients, and is filled in last. */
export type Slot = 'name' | 'shipped_at' | 'preferences_url' | 'unsubscribe_url'

/** A piece of a line: words of a message, words that a person wrote, or a slot. */
export type Piece = string | Readonly<{ user: string }> | Readonly<{ slot: Slot }>
export type Line = readonly Piece[]

/** A URL, and a label that makes sense by itself. */
export type Link = Readonly<{ label: string; url: string | Readonly<{ slot: Slot }> }>

/** A task of a list; `status` is given where it differs between the tasks, `url` is its page. */
export type Item = Readonly<{ title: string; status?: string; url: string }>

/** A part of a mail's content. */
export type Block =
  /** `label` stands over it, with `mark` before it. */
  | Readonly<{ kind: 'heading'; label?: string; mark?: '✓'; line: Line }>
  | Readonly<{ kind: 'paragraph'; line: Line; strong?: boolean }>
  | Readonly<{ kind: 'quote'; text: string }>
  | Readonly<{ kind: 'list'; heading: string; mark: '✓' | '○'; items: readonly Item[]; more?: Link }>

/** The one thing to do. `note` introduces the URL in full, for readers who would rather copy it. */
export type Button = Readonly<{ link: Link; note?: Line }>

/** A whole mail. People's texts in it are on one line, and not escaped. */
export type Template = Readonly<{
  language: Language
  subject: string
  /** What mail programs show after the subject. */
  preview: Line
  /** Name of the workspace that it is about; empty for none. */
  workspace: string
  blocks: readonly Block[]
  /** Below the blocks. */
  button: Button
  footer: Readonly<{ line: Line; links: readonly Link[] }>
}>
