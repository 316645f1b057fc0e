// A page of a workspace that a service declares as data, for the gateway to show without knowing the service: lists as
// tables, operations as buttons and forms. The words name operations and members of the service's own contract; a guard
// test holds that they exist.
import type { Role } from './contract.ts'

/** What a person can start. Members of the operation's input that `from` does not fill are asked for in a form. */
export type PanelAction = Readonly<{
  /** An internal operation. */
  operation: string
  /** On the button. */
  label: string
  /** Above the form; only where something is asked for. */
  title?: string
  /** Member of the input → member of the row, or of the page's address, that fills it. */
  from?: Readonly<Record<string, string>>
  /** In rows: offered only where a member has one of these values. */
  when?: Readonly<{ member: string; is: readonly string[] }>
  /** A sentence to agree to first: what it takes away. */
  confirm?: string
  /** What is said when it was done. */
  done: string
  /** A text in the output that is shown this once, beside `done`. */
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
  /** A member of the input that may be one of some words, to narrow the list down; the label says to what. */
  filter?: Readonly<{ member: string; label: string }>
  /** Said instead of a table without rows. */
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

/** The page at `/workspace/<path>`. The roles decide who is shown it; the service checks for itself who may do what. */
export type Panel = PanelPage & Readonly<{ path: string; roles: readonly Role[]; detail?: PanelDetail }>
