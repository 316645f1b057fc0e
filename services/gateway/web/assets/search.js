// @ts-check
// Searches while somebody types, and not at every letter.
import { touched, visit } from './page.js'

let typing = 0
document.addEventListener('input', (event) => {
  const field = event.target
  if (!(field instanceof HTMLInputElement) || !field.hasAttribute('data-search')) return
  clearTimeout(typing)
  typing = window.setTimeout(() => {
    const url = new URL(field.form?.action ?? location.href)
    url.searchParams.set('q', field.value)
    touched.delete(field.form ?? field)
    void visit(url.href, { replace: true })
  }, 120)
})
