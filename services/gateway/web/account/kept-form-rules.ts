// A form that is kept in a page while its sender proves once more who they are. Pure.
import { html } from 'hono/html'

type Html = ReturnType<typeof html>

/** A form that waits: where it leads, and its fields. */
export type KeptForm = Readonly<{ to: string; fields: URLSearchParams }>

/** The paths that ask for a recent proof. No other site can be one, and nothing that signs somebody out. */
const PATHS =
  /^(?:\/(?:account|workspace|apps|consent)(?:\/[\w-][\w.-]*)*|\/oidc\/(?:start|link))(?:\?[\w=&%.-]*)?$/

/** Fields that are secrets, or proofs of their own: they are typed anew. */
const NOT_KEPT: ReadonlySet<string> = new Set(['password', 'current', 'code', 'credential'])

/** What marks the fields of the kept form in the form that carries them. */
const KEPT = 'kept.'

/** Whether a person may be led to this path after a proof. */
export const isKeptPath = (path: string): boolean => path.length <= 2_048 && PATHS.test(path)

/** The hidden fields that carry a form. */
export const keeping = ({ to, fields }: KeptForm): Html =>
  html`<input type="hidden" name="kept_to" value="${to}">${[...fields].map(([name, value]) =>
    NOT_KEPT.has(name) ? '' : html`<input type="hidden" name="${KEPT}${name}" value="${value}">`,
  )}`

/** The form that another one carries; undefined where it carries none. */
export const keptIn = (form: URLSearchParams): KeptForm | undefined => {
  const to = form.get('kept_to') ?? ''
  if (!isKeptPath(to)) return undefined
  const pairs = [...form].flatMap(([name, value]) =>
    name.startsWith(KEPT) ? [[name.slice(KEPT.length), value]] : [],
  )
  return { to, fields: new URLSearchParams(pairs) }
}

/** The kept form, as one that a click sends. */
export const keptForm = ({ to, fields }: KeptForm, button: string): Html =>
  html`<form method="post" action="${to}">${[...fields].map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  )}<button class="wide">${button}</button></form>`
