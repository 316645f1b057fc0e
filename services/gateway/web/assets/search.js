// @ts-check
// Searches while somebody types, and not at every letter.
import { touched, visit } from './page.js'

let typing = 0
document.addEventListener('input', (event) => {
  const field = event.target
  if (!(field instanceof HTMLInputElement) || !field.hasAttribute('data-search')) return
  clearTimeout(typing)
  typing = window.setTimeout(() => {
    const { form } = field
    if (!form) return
    const fields = /** @type {[string, string][]} */ (/** @type {unknown} */ ([...new FormData(form)]))
    const url = new URL(form.action)
    url.search = String(new URLSearchParams(fields))
    touched.delete(form)
    void visit(url.href, { replace: true })
  }, 120)
})
