// @ts-check
// Changes a page of the board in place: links and forms without loading a page, and what is new since. Every page works without
// it.
import { all, announce, byId } from './dom.js'
import { close, closeMenus, isDragging, rows } from './keys.js'
import { listen, showOffline } from './live.js'

/** @typedef {{ morph: (old: Element, now: Element | string, options: object) => void }} Morph */
const { Idiomorph } = /** @type {{ Idiomorph: Morph }} */ (/** @type {unknown} */ (globalThis))

/** How long a note of what was done is shown (ms). */
const DONE_MS = 10_000
let doneTimer = 0
/** When that was done which was said last: pages that come within the next seconds show the same note. */
const SAID = 'loops-said'

/** @param {HTMLElement} note */
const wasSaid = (note) => sessionStorage.getItem(SAID) === note.dataset.at

export const showDone = () => {
  const note = /** @type {HTMLElement | null} */ (document.querySelector('#done .done'))
  if (!note) return
  if (!wasSaid(note)) {
    sessionStorage.setItem(SAID, note.dataset.at ?? '')
    const next = /** @type {HTMLElement | null} */ (document.querySelector('#main [data-announce]'))
    announce(`${note.querySelector('span')?.textContent ?? ''} ${next?.dataset.announce ?? ''}`.trim())
  }
  clearTimeout(doneTimer)
  doneTimer = window.setTimeout(() => note.remove(), DONE_MS)
}

// ---- Changing the page in place.

/** Forms and fields that somebody has begun to fill in. They are left alone until they are sent. */
export const touched = new WeakSet()

for (const kind of ['input', 'change'])
  document.addEventListener(kind, (event) => {
    const field = /** @type {HTMLInputElement} */ (event.target)
    touched.add(field.form && field.closest('form') === field.form ? field.form : field)
  })
document.addEventListener('reset', (event) => touched.delete(/** @type {Element} */ (event.target)))

/** @param {Element} node */
const isBeingEdited = (node) => touched.has(node)

const OPTIONS = {
  morphStyle: 'outerHTML',
  restoreFocus: true,
  callbacks: {
    /** @param {Node} old @param {Node} now */
    beforeNodeMorphed: (old, now) => {
      if (!(old instanceof Element) || !isBeingEdited(old)) return true
      warnOfEdit(old, /** @type {Element} */ (now))
      return false
    },
    /** @param {Node} node */
    beforeNodeRemoved: (node) => {
      if (!(node instanceof Element)) return true
      const edited = [node, ...all('form', node)].filter(isBeingEdited)
      if (isLeaving) edited.map(keepDraft)
      return isLeaving || edited.length === 0
    },
    /** What somebody has opened stays open, and where it is. @param {string} name @param {Element} node */
    beforeAttributeUpdated: (name, node) =>
      name !== 'style' && !(name === 'open' && node instanceof HTMLDetailsElement),
  },
}

/** What was typed into forms that the reader has left, by the ids of their fields. @type {Map<string, string>} */
const drafts = new Map()
/** Whether the reader goes on to something else, so that what is under way is put aside and not left on the page. */
let isLeaving = false

/** @param {Element} form */
const keepDraft = (form) => {
  for (const field of all('textarea, input:not([type])', form))
    if (field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)
      if (field.id !== '' && field.value !== field.defaultValue) drafts.set(field.id, field.value)
}

/** Puts back what was typed into the fields that are on the page again. */
const restoreDrafts = () => {
  for (const [id, value] of drafts) {
    const field = byId(id)
    if (!(field instanceof HTMLTextAreaElement || field instanceof HTMLInputElement)) continue
    drafts.delete(id)
    field.value = value
    touched.add(field.form ?? field)
    field.closest('details')?.setAttribute('open', '')
  }
}

/** Says beside a form in use that what it is about has changed. @param {Element} old @param {Element} now */
const warnOfEdit = (old, now) => {
  const version = (/** @type {Element} */ form) =>
    /** @type {HTMLInputElement | null} */ (form.querySelector('[name=expected_version]'))?.value
  if (!(old instanceof HTMLFormElement) || version(old) === version(now)) return
  if (old.querySelector('.edited')) return
  const note = document.createElement('p')
  note.className = 'note warn edited'
  note.textContent = byId('sentences')?.dataset.edited ?? ''
  old.prepend(note)
  announce(note.textContent)
}

/** Takes over a page that was fetched; `goesOn`: the reader went there. @param {string} text @param {boolean} [goesOn] */
export const show = (text, goesOn = false) => {
  const page = new DOMParser().parseFromString(text, 'text/html')
  const main = page.getElementById('main')
  const own = byId('main')
  if (!main?.hasAttribute('data-board') || !own) return false
  document.title = page.title
  const stream = page.body.dataset.live
  const before = focusedKey()
  // A click beside everything focuses #main itself, and what is in an active element would be left as it is.
  const ignoreActiveValue = document.activeElement?.matches('input, textarea, select') === true
  const options = { ...OPTIONS, ignoreActiveValue }
  isLeaving = goesOn
  Idiomorph.morph(own, main, options)
  isLeaving = false
  const header = page.querySelector('header.top')
  const ownHeader = document.querySelector('header.top')
  if (header && ownHeader) Idiomorph.morph(ownHeader, header, options)
  const done = page.getElementById('done')
  const ownDone = byId('done')
  const note = /** @type {HTMLElement | null | undefined} */ (done?.querySelector('.done'))
  if (done && ownDone && note && !wasSaid(note)) {
    ownDone.innerHTML = done.innerHTML
    showDone()
  }
  restoreFocus(before)
  restoreDrafts()
  if (stream) listen(stream)
  return true
}

/** A page that chose what it shows names the address that shows the same again, whatever else has changed by then. */
export const keepAddress = () => {
  const named = /** @type {HTMLElement | null} */ (document.querySelector('#main [data-address]'))
  if (named?.dataset.address) history.replaceState(null, '', named.dataset.address)
}

/** What has the focus, in words that outlast a change of the page. */
const focusedKey = () => {
  const element = document.activeElement
  if (!(element instanceof HTMLElement) || element === document.body) return undefined
  const row = element.closest('[data-row]')
  const index = row ? rows().indexOf(/** @type {HTMLElement} */ (row)) : -1
  return { element, id: element.id, index, row: row?.id, key: element.dataset.key }
}

/** @param {ReturnType<typeof focusedKey>} before */
const restoreFocus = (before) => {
  if (!before || (document.activeElement !== document.body && document.activeElement !== null)) return
  const place =
    byId(before.id) ??
    (before.row ? byId(before.row) : null) ??
    rows()[Math.min(before.index, rows().length - 1)] ??
    (before.key ? document.querySelector(`#main [data-key="${CSS.escape(before.key)}"]`) : null)
  const target = place ?? byId('main')
  const inner = target?.matches('a, button, input, textarea, select, summary, [tabindex]')
    ? target
    : target?.querySelector('a, button')
  if (inner instanceof HTMLElement) inner.focus({ preventScroll: true })
}

let looking = false
let lookAgain = false

/** Looks again if that was put off while something was dragged. */
export const refreshIfPut = () => {
  if (lookAgain && !looking && !isDragging()) whenShown(() => void refresh())
}

/** Fetches the page that is open, and shows what is new. */
export const refresh = async () => {
  // The page would be fetched from the address that is being left.
  if (underWay > 0) return whenShown(() => void refresh())
  if (looking || isDragging()) {
    lookAgain = true
    return
  }
  lookAgain = false
  looking = true
  const [address, before] = [location.href, asked]
  try {
    const answer = await fetch(address, { headers: { accept: 'text/html' } })
    const text = await answer.text()
    // What somebody has done since leads to a page that is newer than this one.
    if (isDragging() || underWay > 0 || asked !== before || location.href !== address) lookAgain = true
    else if (answer.ok && !answer.redirected) show(text)
    else if (answer.redirected) location.assign(answer.url)
  } catch {
    // The stream opens again by itself, and then says so.
  } finally {
    looking = false
    refreshIfPut()
  }
}

// ---- One thing after the other: what somebody asks for while a page is on its way is about the page that comes.

let underWay = 0
/** How often somebody has asked for something. */
let asked = 0
/** @type {(() => void)[]} */
const waiting = []
/** More keys are not typed ahead. */
const MAX_WAITING = 20

/** Does something once the page that is on its way is shown. @param {() => void} work */
export const whenShown = (work) => {
  if (underWay === 0) work()
  else if (waiting.length < MAX_WAITING) waiting.push(work)
}

/** @template T @param {() => Promise<T>} work @returns {Promise<T>} */
const onItsWay = async (work) => {
  underWay += 1
  asked += 1
  try {
    return await work()
  } finally {
    underWay -= 1
    while (underWay === 0 && waiting.length > 0) waiting.shift()?.()
  }
}

let visits = 0

/** Goes to an address of the board without loading a page. @param {string} url @param {{ replace?: boolean }} [how] */
export const visit = (url, { replace = false } = {}) =>
  onItsWay(async () => {
    visits += 1
    const turn = visits
    const answer = await fetch(url, { headers: { accept: 'text/html' } }).catch(() => undefined)
    const text = await answer?.text()
    // Somebody who types is further on than a slow answer.
    if (turn !== visits) return
    if (answer === undefined || text === undefined || !show(text, true)) return location.assign(url)
    if (replace) history.replaceState(null, '', answer.url)
    else history.pushState(null, '', answer.url)
    keepAddress()
  })

window.addEventListener('popstate', () => void refresh())

document.addEventListener('click', (event) => {
  const link = /** @type {Element} */ (event.target).closest?.('a[data-swap]')
  if (!(link instanceof HTMLAnchorElement) || event.defaultPrevented) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0) return
  event.preventDefault()
  void visit(link.href)
})

// ---- Forms. They are sent one after another, for each is based on what the one before it has changed.

/** @type {Promise<unknown>} */
let posting = Promise.resolve()

/** Does something once all forms that were sent are answered. @param {() => unknown} work */
export const afterPosts = (work) => {
  posting = posting.then(work, work)
  return posting
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement | null} button */
const fieldsOf = (form, button) =>
  new URLSearchParams(
    /** @type {[string, string][]} */ (/** @type {unknown} */ ([...new FormData(form, button)])),
  )

/** What a form is about, whatever version it is based on. @param {string} action @param {URLSearchParams} fields */
const meaning = (action, fields) => {
  const rest = new URLSearchParams(fields)
  for (const name of ['expected_version', 'version']) rest.delete(name)
  return `${action} ${rest}`
}

document.addEventListener('submit', (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target)
  const button = /** @type {HTMLButtonElement | null} */ (event.submitter)
  const isOurs = form.closest('#main[data-board], #done') !== null && !form.hasAttribute('data-whole')
  if (!isOurs || event.defaultPrevented || form.enctype === 'multipart/form-data') return
  event.preventDefault()
  const actionOf = () => button?.getAttribute('formaction') ?? form.getAttribute('action') ?? location.href
  const [action, fields] = [actionOf(), fieldsOf(form, button)]
  if (form.method === 'get') return void visit(`${action}?${fields}`)
  form.setAttribute('aria-busy', 'true')
  const sendIfThere = () => {
    // The answer to an earlier form may have put something else in the place of this one.
    const isThere = form.isConnected && (!button || button.form === form)
    const now = isThere ? fieldsOf(form, button) : undefined
    if (now && meaning(actionOf(), now) === meaning(action, fields)) return send(form, action, now)
    form.removeAttribute('aria-busy')
  }
  void onItsWay(() => afterPosts(sendIfThere))
})

/** Posts a form and shows the page that answers. @param {HTMLFormElement} form @param {string} action @param {URLSearchParams} fields */
const send = async (form, action, fields) => {
  form.setAttribute('aria-busy', 'true')
  try {
    const answer = await fetch(action, { method: 'POST', body: fields, headers: { accept: 'text/html' } })
    // The page on which they sign in again carries what was typed.
    if (answer.status === 401) return sendWhole(action, fields)
    const text = await answer.text()
    const refusal = answer.ok ? undefined : refusalIn(text)
    if (refusal !== undefined) return refuse(form, refusal)
    if (answer.ok) taken(form)
    const wasTouched = touched.delete(form)
    if (!show(text, true)) return location.assign(answer.url)
    if (answer.ok && answer.redirected) history.replaceState(null, '', answer.url)
    keepAddress()
    const fault = answer.ok ? null : document.querySelector('#main [role=alert]')
    if (fault) announce(fault.textContent ?? '')
    if (!answer.ok && wasTouched) touched.add(form)
    if (!fault || !form.contains(fault)) closeMenus(form)
  } catch {
    // Nothing was lost: the form is as it was.
    showOffline(true)
  } finally {
    form.removeAttribute('aria-busy')
  }
}

/** Sends a form as a browser without a script does. @param {string} action @param {URLSearchParams} fields */
const sendWhole = (action, fields) => {
  const form = document.createElement('form')
  Object.assign(form, { method: 'post', action, hidden: true })
  for (const [name, value] of fields) {
    const field = document.createElement('textarea')
    Object.assign(field, { name, value })
    form.append(field)
  }
  document.body.append(form)
  form.submit()
}

/** Empties a form that was carried out. @param {HTMLFormElement} form */
const taken = (form) => {
  touched.delete(form)
  for (const field of form.elements) touched.delete(field)
  for (const note of all('.edited, .refused', form)) note.remove()
  if (form.dataset.keep === undefined) form.reset()
  const edit = form.closest('details.edit')
  if (edit instanceof HTMLDetailsElement) close(edit)
}

/** Why a form was refused, where the page that answers says only that. @param {string} text */
const refusalIn = (text) => {
  const page = new DOMParser().parseFromString(text, 'text/html')
  if (page.querySelector('#main[data-board]:not([data-fault])')) return undefined
  return page.querySelector('#main [role=alert], #main p')?.textContent ?? page.title
}

/** Says in a form why it was refused: what was typed stays. @param {HTMLFormElement} form @param {string} sentence */
const refuse = (form, sentence) => {
  for (const note of all('.refused', form)) note.remove()
  const note = document.createElement('p')
  note.className = 'note bad refused'
  note.textContent = sentence
  form.prepend(note)
  announce(sentence)
}
