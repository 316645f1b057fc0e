// The navigation of signed-in people, and the note of what was just done.
import { html } from 'hono/html'
import type { Words } from '../../../shared/contracts/define/wording.ts'
import type { SignedIn } from '../accounts/sessions.ts'
import type { Shown } from './done.ts'
import type { Html } from './layout.ts'
import type { FRAME } from './messages/frame.ts'

type FrameWords = Words<(typeof FRAME)['en']>

/** Where a page is in the navigation. */
export type Place = 'queue' | 'triage' | 'activity' | 'agents' | 'workspace'

const PLACES: readonly (readonly [Place, string])[] = [
  ['queue', '/'],
  ['triage', '/triage'],
  ['activity', '/activity'],
  ['agents', '/agents'],
  ['workspace', '/workspace'],
]

/** Shows another of the person's workspaces. */
const switchers = ({ person, membership }: SignedIn, words: FrameWords): readonly Html[] =>
  person.memberships
    .filter(({ workspace_id }) => workspace_id !== membership?.workspace_id)
    .map(
      ({ workspace_id, workspace_name }) => html`<form method="post" action="/workspace/switch">
        <input type="hidden" name="workspace_id" value="${workspace_id}">
        <button class="item">${words.say('switch_to', { workspace: workspace_name })}</button></form>`,
    )

const accountMenu = (signedIn: SignedIn, words: FrameWords): Html => {
  const { person, membership } = signedIn
  return html`<details class="menu account" name="menu">
      <summary><span class="avatar" aria-hidden="true">${initials(person.name)}</span><span class="unseen">${words.word('account_menu')}: ${person.name}</span></summary>
      <div class="items">
        <p class="about"><strong>${person.name}</strong>${
          membership
            ? html`<span>${words.say('in_workspace', { workspace: membership.workspace_name })}</span>`
            : ''
        }</p>
        ${switchers(signedIn, words)}
        <a class="item" href="/account">${words.word('account')}</a>
        <a class="item" href="/apps">${words.word('apps')}</a>
        <a class="item" href="/import">${words.word('import')}</a>
        <a class="item" href="/export">${words.word('export')}</a>
        <button class="item only-script" type="button" data-opens="keys">${words.word('keys')}</button>
        <form method="post" action="/sign-out"><button class="item">${words.word('sign_out')}</button></form>
      </div></details>`
}

/** The first letters of the first and last of somebody's names. Signs before a letter, as in “Robot (builder)”, are none. */
export const initials = (name: string): string => {
  const words = name.trim().split(/\s+/u)
  const lettered = words.map((word) => word.replace(/^[^\p{L}\p{N}]+/u, '')).filter((word) => word !== '')
  const names = lettered.length > 0 ? lettered : words
  const chosen = names.length > 1 ? [names[0], names.at(-1)] : names
  return chosen
    .map((one) => [...new Intl.Segmenter().segment(one ?? '')][0]?.segment ?? '')
    .join('')
    .toLocaleUpperCase()
}

/** Links to the places, the search, and the menu of the account. */
export const navigation = ({
  signedIn,
  place,
  words,
}: Readonly<{
  signedIn: SignedIn
  place: Place | undefined
  words: FrameWords
}>): Html => html`<nav class="places" aria-label="${words.word('navigation')}">
      ${PLACES.map(
        ([name, href]) =>
          html`<a href="${href}" ${name === place ? html`aria-current="page"` : ''}>${words.word(name)}</a>`,
      )}
    </nav>
    <form class="find" method="get" action="/search" role="search">
      <input type="search" name="q" id="find" maxlength="200" aria-label="${words.word('search_hint')}" placeholder="${words.word('search')}" autocomplete="off" required>
    </form>
    ${accountMenu(signedIn, words)}`

/** What was just done, with a link to it and a button that undoes it. The script says it, once, with what comes next. */
export const undoNote = (
  { message, path, undo, at }: Shown,
  words: FrameWords,
): Html => html`<div class="done" role="status" aria-live="off" data-at="${at}">
      <span dir="auto">${path ? html`<a href="${path}">${message}</a>` : message}</span>
      ${undo ? html`<form method="post" action="/undo"><button class="plain" data-key="u">${words.word('undo')}</button></form>` : ''}
    </div>`
