// @ts-check
// Finding elements, and saying things: one polite live region.

/** @param {string} id @returns {HTMLElement | null} */
export const byId = (id) => document.getElementById(id)
/** @template {Element} [T=HTMLElement] @param {string} selector @param {ParentNode} [within] @returns {T[]} */
export const all = (selector, within = document) =>
  /** @type {T[]} */ ([...within.querySelectorAll(selector)])

/** @param {string} text */
export const announce = (text) => {
  const region = byId('announce')
  // Emptied first, so that the same sentence is read out again.
  if (region) region.textContent = ''
  setTimeout(() => {
    if (region) region.textContent = text
  }, 50)
}
