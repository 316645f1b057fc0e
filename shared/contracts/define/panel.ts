// A page of a workspace that a service declares as data. The gateway shows it without knowing the service: lists become
// tables, operations become buttons and forms. A guard test checks that every operation and member named here exists.
import type { Role } from './contract.ts'
import type { Language } from './language.ts'

/** What a person can do. A form asks for the members of the operation's input that `from` does not fill. */
export type PanelAction = Readonly<{
  /** An internal operation. */
  operation: string
  /** On the button. */
  label: string
  /** Above the form; only where something is asked for. */
  title?: string
  /** Member of the input → member of the row, or of the page's address, that fills it. */
  from?: Readonly<Record<string, string>>
  /** In rows: offered only where this member has one of these values. */
  when?: Readonly<{ member: string; is: readonly string[] }>
  /** What it takes away, in a sentence that the person has to agree to first. */
  confirm?: string
  /** What the page says when it is done. */
  done: string
  /** A member of the output that is shown beside `done`, this once. */
  reveal?: string
}>

/** One column: a text, time, number or list of texts in each row. */
export type PanelColumn = Readonly<{
  member: string
  heading: string
  /** Shown for null and for an empty list. */
  none?: string
}>

/** A list operation as a table. It takes `limit` and `cursor`, and answers `next_cursor` beside the rows. */
export type PanelTable = Readonly<{
  operation: string
  /** The member of the output that has the rows. */
  rows: string
  /** A text of the output that says whose rows they are. */
  about?: string
  /** The first one names the row. */
  columns: readonly [PanelColumn, ...PanelColumn[]]
  /** A member of the input with an enum, to filter the list by. */
  filter?: Readonly<{ member: string; label: string }>
  /** Shown instead of a table without rows. */
  empty: string
  actions: readonly PanelAction[]
}>

export type PanelPage = Readonly<{
  title: string
  intro: string
  table: PanelTable
  /** Forms and buttons of the page itself. */
  actions: readonly PanelAction[]
}>

/** A page that each row of another links to. */
export type PanelDetail = PanelPage &
  Readonly<{
    /** Its segment of the address. */
    path: string
    /** On the link. */
    label: string
    /** Member of the list's input → member of the row that fills it; carried in the address. */
    from: Readonly<Record<string, string>>
  }>

/** Each English text of a page, its forms and its words, with what it is in another language. */
export type PanelTexts = Readonly<Record<Exclude<Language, 'en'>, Readonly<Record<string, string>>>>

/** The page at `/workspace/<path>`. The roles decide who is shown it; the service checks for itself who may do what. */
export type Panel = PanelPage &
  Readonly<{
    path: string
    roles: readonly Role[]
    detail?: PanelDetail
    /** Absent: the page is in English for everybody. */
    texts?: PanelTexts
  }>
