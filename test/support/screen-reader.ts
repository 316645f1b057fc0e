// Reads a page as a screen reader does: by the browser's accessibility tree, in its order, and by nothing else.
import type { CDPSession, Page } from 'playwright-core'
import { vi } from 'vitest'

type AxNode = Awaited<ReturnType<typeof treeOf>>[number]
const treeOf = async (session: CDPSession) => (await session.send('Accessibility.getFullAXTree')).nodes

/** Something that is read: `button "Ship it"`, and what it is part of. */
export type Readable = Readonly<{
  role: string
  name: string
  /** The browser's number of the element. */
  element: number
  path: readonly string[]
  isFocused: boolean
}>

/** Where something is: a role and a name of what is around it. */
export type Within = readonly [role: string, name: string]

export type Reader = Readonly<{
  /** Waits for the one thing of this role and name, and moves there. */
  goTo: (role: string, name: string, within?: Within) => Promise<void>
  /** The same, and presses it. */
  press: (role: string, name: string, within?: Within) => Promise<void>
  /** The names of all things of a role, in the order of reading. */
  namesOf: (role: string, within?: Within) => Promise<string[]>
  /** What has the focus: `button Ship it`; empty: nothing but the page. */
  focused: () => Promise<string>
  /** Waits until a text is read somewhere. */
  hasText: (text: string) => Promise<void>
}>

const WAIT = { timeout: 10_000, interval: 100 } as const

const nameOf = (value: Readonly<{ value?: unknown }> | undefined): string =>
  String(value?.value ?? '')
    .replaceAll(/\s+/g, ' ')
    .trim()

/** What is read, in the order of reading. */
const readingOf = (nodes: readonly AxNode[]): Readable[] => {
  const byId = new Map(nodes.map((node) => [node.nodeId, node]))
  const found: Readable[] = []
  const walk = (node: AxNode | undefined, path: readonly string[]): void => {
    if (!node) return
    // One of several of which one is open at a time is read like any other.
    const [role, name] = [nameOf(node.role).replace('Grouped', ''), nameOf(node.name)]
    const isFocused =
      node.properties?.some((one) => one.name === 'focused' && one.value.value === true) ?? false
    if (!node.ignored) found.push({ role, name, element: node.backendDOMNodeId ?? 0, path, isFocused })
    const inside = node.ignored ? path : [...path, `${role} ${name}`]
    for (const id of node.childIds ?? []) walk(byId.get(id), inside)
  }
  walk(
    nodes.find(({ parentId }) => parentId === undefined),
    [],
  )
  return found
}

/** Opens the tree of a page. */
export const readerOf = async (page: Page): Promise<Reader> => {
  const session = await page.context().newCDPSession(page)
  await session.send('DOM.enable')
  await session.send('Accessibility.enable')
  const read = async (role: string, within: Within | undefined): Promise<Readable[]> =>
    readingOf(await treeOf(session)).filter(
      (one) => one.role === role && (!within || one.path.includes(`${within[0]} ${within[1]}`)),
    )
  const goTo: Reader['goTo'] = (role, name, within) =>
    vi.waitFor(async () => {
      const there = await read(role, within)
      const found = there.filter((one) => one.name === name)
      const [only, ...others] = found
      if (!only || others.length > 0)
        throw new Error(
          `${found.length} times ${role} “${name}” at ${page.url()}, among: ${there.map((one) => one.name).join(', ')}`,
        )
      await session.send('DOM.getDocument', { depth: 0 })
      await session.send('DOM.focus', { backendNodeId: only.element })
    }, WAIT)
  return {
    goTo,
    press: async (role, name, within) => {
      await goTo(role, name, within)
      await page.keyboard.press('Enter')
    },
    namesOf: async (role, within) => (await read(role, within)).map(({ name }) => name),
    focused: async () => {
      const { role, name } = readingOf(await treeOf(session)).findLast((one) => one.isFocused) ?? {}
      return role === undefined || role === 'RootWebArea' ? '' : `${role} ${name}`
    },
    hasText: (text) =>
      vi.waitFor(async () => {
        const pieces = readingOf(await treeOf(session)).filter(({ role }) => role === 'StaticText')
        const read = pieces.map(({ name }) => name).join(' ')
        // How what stands between two pieces is read differs.
        if (!read.replaceAll(/\s/g, '').includes(text.replaceAll(/\s/g, '')))
          throw new Error(`“${text}” is read nowhere in: ${read.slice(0, 2_000)}`)
      }, WAIT),
  }
}
