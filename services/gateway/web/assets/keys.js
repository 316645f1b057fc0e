// @ts-check
// Keys, menus and drag. Single keys can be switched off (WCAG 2.2, 2.1.4); whatever is dragged can also be moved by a menu
// (2.5.7).
import { all, byId } from './dom.js'
import { afterPosts, refresh, refreshIfPut, whenShown } from './page.js'

const KEYS_OFF = 'loops-keys-off'
const hasKeys = () => localStorage.getItem(KEYS_OFF) === null

/** The rows of the list that J and K move in. @returns {HTMLElement[]} */
export const rows = () => all('#main [data-row]')

/** @param {number} step */
const moveInRows = (step) => {
  const list = rows()
  if (list.length === 0) return
  const focused = list.findIndex((row) => row.matches(':focus-within'))
  const at = focused >= 0 ? focused : list.findIndex((row) => row.matches('[aria-current]'))
  const next = list[Math.max(0, Math.min(list.length - 1, at < 0 ? 0 : at + step))]
  const target = /** @type {HTMLElement | null} */ (next?.querySelector('a, button, summary'))
  target?.focus()
  next?.scrollIntoView({ block: 'nearest' })
  if (target?.matches('a[data-swap]') && at >= 0) target.click()
}

/** Does what a key stands for: the first element that names it, in the selected row before elsewhere. @param {string} key */
const press = (key) => {
  const named = namedBy(key)
  const inRow = (/** @type {string} */ state) =>
    named.find((one) => one.closest('[data-row]')?.matches(state))
  const element =
    inRow(':focus-within') ?? inRow('[aria-current]') ?? named.find((one) => !one.closest('[data-row]'))
  if (!element) return
  if (element instanceof HTMLDetailsElement) {
    element.open = true
    const field = /** @type {HTMLElement | null} */ (
      element.querySelector('input:not([type=hidden]), select, textarea, button, a')
    )
    field?.focus()
  } else if (element.matches('input:not([type=checkbox]), textarea, select')) element.focus()
  else element.click()
}

/** @param {string} key */
const namedBy = (key) => all(`[data-key="${CSS.escape(key)}"]`)

const TEXT_FIELD = 'input:not([type=checkbox]), textarea, select, [contenteditable]'

/** @param {string} key */
const act = (key) => {
  if (key === '/') byId('find')?.focus()
  else if (key === '?') openKeys()
  else if (key === 'j') moveInRows(1)
  else if (key === 'k') moveInRows(-1)
  else press(key)
}

/** A key as elements name it: `x`, `Enter`; a letter with Shift where something names it so. @param {KeyboardEvent} event */
const keyOf = ({ key, shiftKey }) => {
  const shifted = `Shift+${key.toUpperCase()}`
  if (shiftKey && /^\p{L}$/u.test(key) && namedBy(shifted).length > 0) return shifted
  return key.length === 1 ? key.toLowerCase() : key
}

document.addEventListener('keydown', (event) => {
  const target = /** @type {HTMLElement} */ (event.target)
  if (event.key === 'Escape') {
    const menu = target.closest('details.menu[open]')
    if (menu instanceof HTMLDetailsElement) close(menu)
    return
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || !hasKeys()) return
  if (target.matches(TEXT_FIELD)) return
  if (document.querySelector('dialog[open]')) return
  const key = keyOf(event)
  if (!['/', '?', 'j', 'k'].includes(key) && namedBy(key).length === 0) return
  event.preventDefault()
  // Typed ahead, it is about what comes next, and never about a text that somebody has begun to write.
  whenShown(() => {
    if (!document.activeElement?.matches(TEXT_FIELD)) act(key)
  })
})

const openKeys = () => {
  const dialog = byId('keys')
  if (!(dialog instanceof HTMLDialogElement)) return
  const list = byId('keys-list')
  all('.of-page', dialog).map((row) => row.remove())
  /** @type {Map<string, string>} */
  const named = new Map()
  for (const element of all('[data-key]')) {
    const key = element.dataset.key ?? ''
    const label =
      element.dataset.keyLabel ??
      element.getAttribute('aria-label') ??
      element.querySelector('summary')?.textContent ??
      element.textContent ??
      ''
    if (!named.has(key)) named.set(key, label.trim())
  }
  if (rows().length > 0)
    for (const [key, label] of [
      ['j', byId('keys-list')?.dataset.next],
      ['k', byId('keys-list')?.dataset.previous],
    ])
      named.set(key ?? '', label ?? '')
  for (const [key, label] of named) {
    const [term, text, mark] = [
      document.createElement('dt'),
      document.createElement('dd'),
      document.createElement('kbd'),
    ]
    term.className = text.className = 'of-page'
    mark.textContent = key.replace('Shift+', '⇧').toUpperCase()
    term.append(mark)
    text.textContent = label
    list?.append(term, text)
  }
  const box = byId('keys-on')
  if (box instanceof HTMLInputElement) box.checked = hasKeys()
  dialog.showModal()
}

document.addEventListener('change', (event) => {
  const box = event.target
  if (!(box instanceof HTMLInputElement) || box.id !== 'keys-on') return
  if (box.checked) localStorage.removeItem(KEYS_OFF)
  else localStorage.setItem(KEYS_OFF, '1')
})

// ---- Menus: one is open at a time, and a click elsewhere closes it.

/** Room between a menu and the edge of the window (CSS pixels). */
const EDGE = 8

// A menu that would begin or end beside the window is moved into it.
document.addEventListener(
  'toggle',
  ({ target: menu }) => {
    if (!(menu instanceof HTMLDetailsElement) || !menu.open || !menu.classList.contains('menu')) return
    const items = menu.querySelector(':scope > .items')
    if (!(items instanceof HTMLElement)) return
    items.style.translate = ''
    const { left, right } = items.getBoundingClientRect()
    const end = document.documentElement.clientWidth - EDGE
    const by = left < EDGE ? EDGE - left : Math.min(0, end - right)
    if (by !== 0) items.style.translate = `${by}px`
  },
  true,
)

/** Closes what is open. The focus does not vanish with what is in it. @param {HTMLDetailsElement} opened */
export const close = (opened) => {
  const had = opened.matches(':focus-within')
  opened.open = false
  if (had) opened.querySelector('summary')?.focus({ preventScroll: true })
}

/** @param {Element} within */
export const closeMenus = (within) => {
  for (const menu of all('details.menu[open]'))
    if (menu instanceof HTMLDetailsElement && menu.contains(within)) close(menu)
}

document.addEventListener('click', (event) => {
  const target = /** @type {Element} */ (event.target)
  for (const menu of all('details.menu[open]')) if (!menu.contains(target)) menu.removeAttribute('open')
  const opener = target.closest('[data-opens]')
  if (opener instanceof HTMLElement && opener.dataset.opens === 'keys') {
    closeMenus(opener)
    openKeys()
  }
  const all_of = target.closest('[data-checks]')
  if (all_of instanceof HTMLInputElement)
    for (const box of all(`input[type=checkbox][name="${all_of.dataset.checks}"]`))
      if (box instanceof HTMLInputElement) {
        box.checked = all_of.checked
        box.dispatchEvent(new Event('change', { bubbles: true }))
      }
})

// ---- Drag: a row of a list takes the place of another ([data-sort]); a card goes to another column ([data-drop]).

/** What is dragged, and the element that it stood before. @type {{ item: HTMLElement, list: Element | null, before: Element | null } | undefined} */
let drag

/** Whether something is being dragged: the page stays as it is until it is dropped. */
export const isDragging = () => drag !== undefined

document.addEventListener('dragstart', (event) => {
  const item = /** @type {Element} */ (event.target).closest?.('[data-drag]')
  if (!(item instanceof HTMLElement)) return
  drag = { item, list: item.parentElement, before: item.nextElementSibling }
  event.dataTransfer?.setData('text/plain', item.dataset.drag ?? '')
  if (event.dataTransfer) event.dataTransfer.effectAllowed = 'move'
  // After the picture of what is dragged was taken.
  setTimeout(() => item.classList.add('dragged'))
})

/** The list or column that something dragged is over. @param {DragEvent} event */
const targetOf = (event) => {
  if (!drag) return undefined
  const target = /** @type {Element} */ (event.target)
  const column = target.closest?.('[data-drop]')
  if (column instanceof HTMLElement) return { column }
  const list = target.closest?.('[data-sort]')
  return list instanceof HTMLElement && list === drag.list ? { list } : undefined
}

document.addEventListener('dragover', (event) => {
  const over = targetOf(event)
  for (const one of all('.over')) if (one !== over?.column) one.classList.remove('over')
  if (!drag || !over) return
  event.preventDefault()
  over.column?.classList.add('over')
  const row = /** @type {Element} */ (event.target).closest('[data-sort] > [data-drag]')
  if (!over.list || !row || row === drag.item) return
  const { top, height } = row.getBoundingClientRect()
  const place = event.clientY < top + height / 2 ? row : row.nextElementSibling
  if (place !== drag.item && place !== drag.item.nextElementSibling) over.list.insertBefore(drag.item, place)
})

document.addEventListener('drop', (event) => {
  const over = targetOf(event)
  if (!drag || !over) return
  event.preventDefault()
  const { item, before } = drag
  drag = undefined
  const { column, list } = over
  const [field, value] = column
    ? [column.dataset.field ?? 'status', column.dataset.drop ?? '']
    : ['position', String(Number(list?.dataset.sort) + [...(list?.children ?? [])].indexOf(item))]
  if (column || item.nextElementSibling !== before) afterPosts(() => submitWith(item, field, value))
})

document.addEventListener('dragend', () => {
  for (const one of all('.over, .dragged')) one.classList.remove('over', 'dragged')
  // It was dropped nowhere: it goes back to where it was.
  drag?.list?.insertBefore(drag.item, drag.before)
  drag = undefined
  refreshIfPut()
})

/** Sends the form of a row that has this field, with this value. @param {HTMLElement} row @param {string} name @param {string} value */
const submitWith = (row, name, value) => {
  for (const form of all('form', row)) {
    if (!(form instanceof HTMLFormElement)) continue
    const field = form.elements.namedItem(name)
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) {
      field.value = value
      if (field.value === value) return form.requestSubmit()
    }
    const button = all(`button[name="${name}"][value="${CSS.escape(value)}"]`, form)[0]
    if (button) return form.requestSubmit(button)
  }
  // There is no such form: the row goes back to where it was.
  void refresh()
}
