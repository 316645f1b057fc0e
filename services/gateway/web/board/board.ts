// What the pages of the board share: who looks, in which language, what they may do, and how a page is sent or left.
//
// A page is a function of a Board. It reads by the contracts, as the signed-in person, and answers with showBoard. A form
// posts, changes one thing with the version that the page had, and answers with leaveBoard (303), or shows the page again
// with what was wrong. All of it works without the script, which only saves the browser from loading whole pages.

import { html } from 'hono/html'
import type { Caller, MemberCall } from '../../../../shared/contracts/define/contract.ts'
import { AppError, type ErrorCode } from '../../../../shared/contracts/define/errors.ts'
import { formatLocale, type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { includesScope } from '../../../../shared/contracts/define/scopes.ts'
import { membershipIn, readingOf } from '../../accounts/person-rules.ts'
import type { Deps } from '../../deps.ts'
import { type Done, keepDone, recentlyDone, type Whose } from '../done.ts'
import { type Ctx, type Html, type Sending, send } from '../layout.ts'
import type { Reading } from '../moments.ts'
import type { Place } from '../navigation.ts'
import { fieldsOf, TEXT_FORM_BYTES } from '../posted-forms.ts'
import { lostTexts, typedTexts } from '../typed-texts.ts'
import { callOf, membersOnly, type SignedInMember } from '../workspace/workspace-page.ts'
import type { Live } from './live.ts'

/** One request for a page of the board. */
export type Board = Readonly<{
  c: Ctx
  deps: Deps
  signedIn: SignedInMember
  workspace_id: string
  /** The language of the page: wordsOf(<messages>, language). */
  language: Language
  /** How dates and times are written for the person. */
  reading: Reading
  now: Date
  /** Who asks. */
  caller: Caller
  /** A call with a deadline of its own; make one for each step that waits. */
  call: () => MemberCall
  /** Whether the person may change tasks and loops. Forms are shown only to those who may. */
  may_write: boolean
  may_approve: boolean
  /** The private loops that the person sees, for operations that ask for `visible_private_loop_ids`; null: all. */
  privateLoops: () => Promise<string[] | null>
  /** The mark of the live stream from before the page read anything. */
  mark: string
}>

/** What of the page is new to the reader, so that only the events that change it are told. */
export type About = Readonly<{ task_id: string }> | Readonly<{ loop_id: string }> | 'workspace'

export type BoardPage = Readonly<{
  title: string
  body: Html
  place?: Place
  /** Which events change what the page shows; absent: the page stays as it is. */
  live?: About
}>

const boardOf = async (c: Ctx, deps: Deps, live: Live, signedIn: SignedInMember): Promise<Board> => {
  const { person, membership } = signedIn
  const { workspace_id } = membership
  const call = () => callOf(c, deps, signedIn) as MemberCall
  const { caller } = call()
  // Before anything is read, so that no change after it is missed.
  const mark = live.mark(workspace_id)
  const { locale, time_zone } = readingOf(person, await deps.store.workspaces.find(workspace_id))
  let asked: Promise<string[] | null> | undefined
  return {
    c,
    deps,
    signedIn,
    workspace_id,
    language: languageOf(locale),
    reading: { locale: formatLocale(locale), time_zone },
    now: deps.clock.now(),
    caller,
    call,
    may_write: includesScope(caller.scopes, 'loops:write'),
    may_approve: includesScope(caller.scopes, 'loops:approve'),
    privateLoops: () => {
      asked ??= deps.loops.list_private_loops({}, call()).then(({ loop_ids }) => loop_ids)
      return asked
    },
    mark,
  }
}

/**
 * Shows the workspace that a link names (`?workspace=`), as links in mails do, if the person belongs to it.
 * @returns the answer that leads on; undefined where the link names none, or the one that is shown.
 */
const switched = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response | undefined> => {
  const wanted = c.req.query('workspace')
  if (wanted === undefined || c.req.method !== 'GET') return undefined
  const url = new URL(c.req.url)
  url.searchParams.delete('workspace')
  const { session, person, membership } = signedIn
  if (wanted !== membership.workspace_id && membershipIn(person, wanted))
    await deps.store.sessions.show(session._id, wanted)
  return c.redirect(`${url.pathname}${url.search}`, 303)
}

/** What the routes of the board are made with. */
export type BoardDeps = Readonly<{ deps: Deps; live: Live }>

/** Makes a route of the board, for members of a workspace. */
export const boardRoute = ({ deps, live }: BoardDeps, work: (board: Board) => Promise<Response>) =>
  membersOnly(deps)(
    async (c, _, signedIn) =>
      (await switched(c, deps, signedIn)) ?? work(await boardOf(c, deps, live, signedIn)),
  )

const streamOf = ({ workspace_id, mark }: Board, about: About): string => {
  const query = new URLSearchParams({ since: mark, ...(about === 'workspace' ? {} : about) })
  return `/live/${workspace_id}?${query}`
}

/** The fields of the form that was posted. */
export const formOf = ({ c }: Board): Promise<URLSearchParams> => fieldsOf(c, TEXT_FORM_BYTES)

/** The name of the request that a form makes: sent twice, it is carried out once. A form of an older page has none. */
export const onceIn = (form: URLSearchParams): string | undefined => form.get('once') || undefined

/**
 * Does something once, however often its form is sent. Somebody who went back, wrote something else and sent the form again
 * means a new one.
 */
export const doOnce = async <T>(
  { deps }: Board,
  once: string | undefined,
  work: (idempotency_key: string) => Promise<T>,
): Promise<T> => {
  try {
    return await work(once ?? deps.ids.next())
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'idempotency_conflict') throw error
    return await work(deps.ids.next())
  }
}

/** A page that says why a form was refused, with what was typed that no form of the page holds: it may have none any more. */
const withTyped = async ({ c, language }: Board, body: Html): Promise<Html> => {
  const lost = lostTexts(c.get('posted')?.fields ?? new URLSearchParams(), String(await body))
  return lost.length === 0 ? body : html`${body}${typedTexts(lost, language)}`
}

/** Whose the note of what was done is. */
export const whoseOf = ({ workspace_id, signedIn }: Board): Whose => ({
  workspace_id,
  user_id: signedIn.person._id,
})

/** Sends a page of the board. */
export const showBoard = async (board: Board, page: BoardPage, sending: Sending = {}): Promise<Response> => {
  const { c, deps, signedIn, language } = board
  const { live, body, ...rest } = page
  return send(
    c,
    {
      ...rest,
      body: sending.status === undefined ? body : await withTyped(board, body),
      language,
      signedIn,
      board: {
        done: recentlyDone(c, deps, whoseOf(board)),
        ...(live === undefined ? {} : { live: streamOf(board, live) }),
      },
    },
    sending,
  )
}

/** Leads on after a form was carried out, with a note of it on the page that comes next. */
export const leaveBoard = (board: Board, path: string, done?: Done): Response => {
  const { c, deps } = board
  if (done) keepDone(c, deps, whoseOf(board), done)
  return c.redirect(path, 303)
}

/** The path of the page of this server that a form was sent from; else `otherwise`. Never leads to another site. */
export const cameFrom = ({ c, deps }: Board, otherwise: string): string => {
  const from = URL.parse(c.req.header('referer') ?? '')
  return from?.origin === deps.public_url ? `${from.pathname}${from.search}` : otherwise
}

/** What a part of a page needs, or null where its service does not answer: the rest of the page is shown all the same. */
export const ifAnswered = async <T>(work: () => Promise<T>): Promise<T | null> => {
  try {
    return await work()
  } catch (error) {
    if (error instanceof AppError && AWAY.has(error.code)) return null
    throw error
  }
}
const AWAY: ReadonlySet<ErrorCode> = new Set(['unavailable', 'timeout'])
