// @ts-check
// Looking again when the stream says so. A page in the background holds no stream: browsers open few connections at once.
import { byId } from './dom.js'
import { refresh } from './page.js'

/** @type {EventSource | undefined} */
let source
let address = ''
let wait_ms = 1_000
let reopening = 0

/** @param {boolean} isOffline */
export const showOffline = (isOffline) => {
  const note = byId('offline')
  if (note) note.hidden = !isOffline
}

/** @param {string} url */
export const listen = (url) => {
  address = url
  if (!source && !document.hidden) open(url)
}

/** @param {string} url */
const open = (url) => {
  source = new EventSource(url)
  source.addEventListener('open', () => {
    wait_ms = 1_000
    showOffline(false)
  })
  source.addEventListener('changed', () => void refresh())
  source.addEventListener('error', () => {
    if (source?.readyState !== EventSource.CLOSED) return showOffline(true)
    close()
    showOffline(true)
    // Not all at the same moment, after a gateway was stopped.
    reopening = window.setTimeout(
      () => {
        if (!document.hidden) void refresh().then(() => address !== '' && !source && open(address))
      },
      wait_ms * (0.5 + Math.random()),
    )
    wait_ms = Math.min(wait_ms * 2, 30_000)
  })
}

const close = () => {
  clearTimeout(reopening)
  source?.close()
  source = undefined
}

document.addEventListener('visibilitychange', () => {
  if (address === '') return
  if (document.hidden) return close()
  if (!source) void refresh().then(() => !source && open(address))
})
window.addEventListener('pagehide', close)

/** How often a page looks again for what no event tells of (ms). */
const LOOK_EVERY_MS = 4_000
setInterval(() => {
  if (!document.hidden && document.querySelector('#main [data-look-again]')) void refresh()
}, LOOK_EVERY_MS)
