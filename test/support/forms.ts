// The forms of a page, as a browser without a script would send them. Knows the markup of our own pages only.

/** One form: where it leads, what it sends as it is, and the fields that somebody writes in. */
export type Form = Readonly<{
  method: string
  /** It sends files. */
  has_files: boolean
  action: string
  fields: readonly (readonly [name: string, value: string])[]
  texts: readonly string[]
  /** Its buttons that send a field of their own. */
  buttons: readonly (readonly [name: string, value: string])[]
}>

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" }
/** A text as it was before it was escaped. */
export const unescaped = (text: string): string =>
  text.replace(/&(lt|gt|quot|amp|#39);/g, (all, name: string) => ENTITIES[name] ?? all)

const attribute = (tag: string, name: string): string | undefined => {
  const [, value] = new RegExp(`\\s${name}="([^"]*)"`).exec(tag) ?? []
  return value === undefined ? undefined : unescaped(value)
}

/** Types of inputs that somebody writes a text in. */
const WRITTEN = new Set([undefined, 'text', 'search'])
/** Types of inputs that are sent only when they are chosen. */
const CHOSEN = new Set(['checkbox', 'radio'])

type Control = Readonly<{ name: string; value: string; kind: 'text' | 'other' | 'button' }>

const inputOf = (tag: string): Control | undefined => {
  const [name, type] = [attribute(tag, 'name'), attribute(tag, 'type')]
  if (name === undefined || (CHOSEN.has(type ?? '') && !/\schecked/.test(tag))) return undefined
  return { name, value: attribute(tag, 'value') ?? '', kind: WRITTEN.has(type) ? 'text' : 'other' }
}

/** The controls of a form that have a name; a select sends the option that is selected, or the first. */
const controlsOf = (markup: string): readonly Control[] =>
  [...markup.matchAll(/<(input|textarea|select|button)([^>]*)>(?:([\s\S]*?)<\/\1>)?/g)].flatMap(
    ([tag, element, attributes = '', content = '']) => {
      const name = attribute(attributes, 'name')
      if (element === 'input') return inputOf(tag) ?? []
      if (name === undefined || /\sreadonly/.test(attributes)) return []
      if (element === 'textarea')
        return [{ name, value: unescaped(content.replace(/^\n/, '')), kind: 'text' as const }]
      if (element === 'button')
        return [{ name, value: attribute(attributes, 'value') ?? '', kind: 'button' as const }]
      const options = [...content.matchAll(/<option([^>]*)>/g)].map(([, of = '']) => of)
      const option = options.find((of) => /\sselected/.test(of)) ?? options[0] ?? ''
      return [{ name, value: attribute(option, 'value') ?? '', kind: 'other' as const }]
    },
  )

/** The forms of a page. */
export const formsOf = (page: string): readonly Form[] =>
  [...page.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)].map(([, attributes = '', content = '']) => {
    // An input has no end tag: each is cut off before what follows it.
    const controls = controlsOf(content.replace(/(<input[^>]*>)/g, '$1\n'))
    const named = (kind: Control['kind']) =>
      controls.filter((one) => one.kind === kind).map(({ name, value }) => [name, value] as const)
    return {
      method: attribute(attributes, 'method') ?? 'get',
      has_files: attribute(attributes, 'enctype') === 'multipart/form-data',
      action: attribute(attributes, 'action') ?? '',
      fields: [...named('other'), ...named('text')],
      texts: named('text').map(([name]) => name),
      buttons: named('button'),
    }
  })

/** What the fields of a page hold, those that can only be copied from among them. */
export const heldBy = (page: string): readonly string[] => [
  ...[...page.matchAll(/<textarea[^>]*>\n?([\s\S]*?)<\/textarea>/g)].map(([, text = '']) => unescaped(text)),
  ...[...page.matchAll(/<input(?![^>]*type="hidden")[^>]*\svalue="([^"]*)"/g)].map(([, text = '']) =>
    unescaped(text),
  ),
]
