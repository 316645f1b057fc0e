// @ts-check
// What both apps build their pages from: elements, texts of others, times, the host's looks. No text becomes markup here.
import { chooseLanguage, say } from './messages.js'

/** @import { McpUiHostContext } from '@modelcontextprotocol/ext-apps/app-bridge' */

/**
 * Makes an element. `on` has its listeners; a member that is undefined or false is left out, true is an empty attribute.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean | undefined>} [attributes]
 * @param {...(Node | string | undefined)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export const element = (tag, attributes = {}, ...children) => {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : String(value))
  made.append(...children.filter((child) => child !== undefined))
  return made
}

/**
 * A button. One that is not enabled keeps its focus and does nothing. `key` finds it again when its place is drawn anew.
 * @param {{ text?: string, icon?: string, label?: string, class?: string, key: string, enabled?: boolean, keys?: string, expanded?: boolean }} looks
 * @param {() => unknown} act
 */
export const button = ({ text, icon, label, key, enabled = true, keys, expanded, class: kind }, act) => {
  const made = element(
    'button',
    {
      type: 'button',
      class: kind,
      'aria-label': label,
      title: label,
      'data-key': key,
      'aria-disabled': enabled ? undefined : 'true',
      'aria-keyshortcuts': keys,
      'aria-expanded': expanded === undefined ? undefined : String(expanded),
    },
    text ?? '',
  )
  if (icon) made.append(drawn(icon))
  made.addEventListener('click', () => {
    if (made.getAttribute('aria-disabled') !== 'true') act()
  })
  return made
}

/** An icon from its path on a square of 24. */
const drawn = (/** @type {string} */ path) => {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  line.setAttribute('d', path)
  svg.append(line)
  return svg
}

/** Draws anew, and gives the focus back to what stands where it was. */
export const keepingFocus = (/** @type {() => void} */ draw) => {
  const key = document.activeElement?.getAttribute('data-key')
  draw()
  if (!key || document.activeElement?.getAttribute('data-key') === key) return
  const again = document.querySelector(`[data-key="${CSS.escape(key)}"]`)
  if (again instanceof HTMLElement) again.focus()
}

/** A text that somebody wrote, on one line. */
export const quote = (/** @type {string} */ text, kind = '') =>
  element('bdi', { class: kind || undefined }, text)

const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*/g

/** A line of Markdown, of which only code and bold are shown as such. */
const inline = (/** @type {string} */ text) => {
  /** @type {(Node | string)[]} */
  const parts = []
  let end = 0
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(end, match.index))
    parts.push(match[1] === undefined ? element('strong', {}, match[2]) : element('code', {}, match[1]))
    end = match.index + match[0].length
  }
  return [...parts, text.slice(end)]
}

const preformatted = (/** @type {readonly string[]} */ code) =>
  element('pre', { tabindex: 0, dir: 'ltr' }, code.join('\n'))

const ITEM = /^\s*(?:[-*+]|\d{1,9}[.)]) +(.*)$/

/** A block of Markdown: a heading, a list, or a paragraph with its line breaks. */
const block = (/** @type {readonly string[]} */ lines) => {
  const [first = ''] = lines
  const heading = /^#{1,6} +(.*)$/.exec(first)
  if (heading && lines.length === 1)
    return element('p', { class: 'heading', dir: 'auto' }, ...inline(heading[1] ?? ''))
  const items = lines.map((line) => ITEM.exec(line)?.[1])
  if (items.every((item) => item !== undefined))
    return element(
      /^\s*\d/.test(first) ? 'ol' : 'ul',
      { dir: 'auto' },
      ...items.map((item) => element('li', {}, ...inline(item))),
    )
  return element('p', { dir: 'auto' }, ...inline(lines.join('\n')))
}

/**
 * A text that somebody wrote, as the few forms of Markdown that need no links, images or markup.
 * @param {string} text
 */
export const richText = (text) => {
  const made = element('div', { class: 'text' })
  /** @type {string[]} */
  let lines = []
  /** @type {string[] | undefined} */
  let code
  const flush = () => {
    if (lines.length > 0) made.append(block(lines))
    lines = []
  }
  for (const line of text.split(/\r\n?|\n/)) {
    const fence = /^ {0,3}(```|~~~)/.test(line)
    if (code && !fence) code.push(line)
    else if (code) {
      made.append(preformatted(code))
      code = undefined
    } else if (fence) {
      flush()
      code = []
    } else if (line.trim() === '') flush()
    else if (/^#{1,6} /.test(line)) {
      flush()
      lines = [line]
      flush()
    } else {
      // A list may follow its sentence without an empty line.
      if (ITEM.test(line) && !ITEM.test(lines.at(-1) ?? '')) flush()
      lines.push(line)
    }
  }
  if (code) made.append(preformatted(code))
  flush()
  return made
}

/** @type {readonly (readonly [Intl.RelativeTimeFormatUnit, number])[]} */
const UNITS = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

let locale = 'en'
/** @type {string | undefined} */
let timeZone

/** A moment as people say it, with the exact one in its title. */
export const ago = (/** @type {string} */ moment) => {
  const then = new Date(moment)
  const seconds = (then.getTime() - Date.now()) / 1_000
  const [unit, length] = UNITS.find(([, least]) => Math.abs(seconds) >= least) ?? ['minute', 60]
  const text = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(
    Math.round(seconds / length),
    unit,
  )
  const title = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short', timeZone }).format(
    then,
  )
  return element('time', { datetime: moment, title }, text)
}

/** A calendar date, the same in every zone. */
export const onDate = (/** @type {string} */ date) =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  )

export const number = (/** @type {number} */ count) => new Intl.NumberFormat(locale).format(count)

/** A locale or zone that the host names and the browser knows. */
const known = (/** @type {() => unknown} */ use) => {
  try {
    use()
    return true
  } catch {
    return false
  }
}

/** Takes on the host's theme, colours, language and zone. */
export const adopt = (/** @type {McpUiHostContext} */ context) => {
  const { documentElement: root } = document
  const { theme, styles, containerDimensions: room } = context
  if (theme === 'light' || theme === 'dark') root.style.colorScheme = theme
  for (const [name, value] of Object.entries(styles?.variables ?? {}))
    if (name.startsWith('--') && value !== undefined) root.style.setProperty(name, String(value))
  root.classList.toggle('filled', room !== undefined && 'height' in room)
  const wanted = context.locale ?? navigator.language
  locale = known(() => new Intl.Locale(wanted)) ? wanted : 'en'
  timeZone = known(() => new Intl.DateTimeFormat('en', { timeZone: context.timeZone }))
    ? context.timeZone
    : undefined
  const language = chooseLanguage(locale)
  if (new Intl.Locale(locale).language !== language) locale = language
  root.lang = locale
  root.dir = language === 'ar' ? 'rtl' : 'ltr'
}

/**
 * The line that says what was done, with a way back, and the one that says what went wrong.
 * @returns {{ node: HTMLElement, done: (text: string, undo?: () => unknown) => void, wrong: (text: string, action?: Node) => void, clear: () => void }}
 */
export const newsLine = () => {
  const status = element('p', { role: 'status', class: 'done' })
  const alert = element('p', { role: 'alert', class: 'wrong' })
  const clear = () => {
    status.replaceChildren()
    alert.replaceChildren()
  }
  return {
    node: element('div', { class: 'news' }, status, alert),
    clear,
    done: (text, undo) => {
      clear()
      status.append(text)
      if (undo) status.append(' ', button({ text: say('undo'), class: 'plain', key: 'undo' }, undo))
    },
    wrong: (text, action) => {
      clear()
      alert.append(text)
      if (action) alert.append(' ', action)
    },
  }
}
