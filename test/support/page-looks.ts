// What a browser can say about any open page. It finds accessibility faults, content that does not fit, and violations
// of the page's policy. Knows no page.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type axe from 'axe-core'
import type { BrowserContext, Frame, Page } from 'playwright-core'

/** The library as a page gets it: `axe.source` is the same with its comments, and takes twice as long. */
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Gives the open page the library, once. */
const giveAxe = async (page: Page | Frame): Promise<void> => {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE)
}

/** What axe finds wrong in the open page by these rules, by rule and place; Frames hold what others wrote: skipped. */
const violationsOf = async (page: Page | Frame, rules: readonly string[] | undefined): Promise<string[]> => {
  await giveAxe(page)
  return page.evaluate(async (values) => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(
      { exclude: [['iframe']] },
      {
        resultTypes: ['violations'],
        ...(values ? { runOnly: { type: 'rule' as const, values: [...values] } } : {}),
      },
    )
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  }, rules)
}

/** What axe finds wrong in the open page, by rule and place. Frames hold what others wrote, so they are skipped. */
export const faultsOf = (page: Page | Frame): Promise<string[]> => violationsOf(page, undefined)

/** What another scheme can spoil in a page that has no other faults: whether everything stands out from what is behind it. */
export const visibleFaultsOf = (page: Page | Frame): Promise<string[]> =>
  violationsOf(page, ['color-contrast', 'link-in-text-block'])

/** What a finger may miss: targets below 24 pixels without room around them (WCAG 2.2, 2.5.8). */
export const smallTargetsOf = async (page: Page): Promise<string[]> => {
  const faults = await violationsOf(page, ['target-size'])
  return faults.map((fault) => fault.replace('target-size: ', ''))
}

/** How much wider the page is than its window, or content than its card (CSS pixels). */
export const overflowOf = (page: Page | Frame): Promise<number> =>
  page.evaluate(() =>
    Math.max(
      ...[document.documentElement, ...document.querySelectorAll('.card')].map(
        ({ scrollWidth, clientWidth }) => scrollWidth - clientWidth,
      ),
    ),
  )

type Walking = typeof globalThis & { stops?: Element[]; reached?: Map<Element, boolean> }

/** Runs in the page: notes where the keyboard should stop, and from now on where it does and whether that can be seen. */
const beginWalk = (): number => {
  const walking = globalThis as Walking
  const isChosenRadio = (one: HTMLInputElement): boolean => {
    const group = [...document.querySelectorAll<HTMLInputElement>(`input[type=radio][name="${one.name}"]`)]
    return one === (group.find(({ checked }) => checked) ?? group[0])
  }
  walking.stops = [
    ...document.querySelectorAll<HTMLElement>(
      'a[href], button, input, select, textarea, summary, [tabindex]',
    ),
  ].filter(
    (one) =>
      one.tabIndex >= 0 &&
      !one.matches(':disabled, [type=hidden]') &&
      !one.closest('[inert]') &&
      one.checkVisibility({ visibilityProperty: true }) &&
      // The arrows move within a group.
      !(one instanceof HTMLInputElement && one.type === 'radio' && !isChosenRadio(one)),
  )
  const reached = new Map<Element, boolean>()
  walking.reached = reached
  document.addEventListener('focusin', ({ target }) => {
    if (!(target instanceof Element)) return
    const { outlineStyle, boxShadow } = getComputedStyle(target)
    reached.set(target, outlineStyle !== 'none' || boxShadow !== 'none')
  })
  return walking.stops.length
}

/** Runs in the page: where the keyboard did not stop yet, and where it stopped without being seen. */
const walkFaults = (): string[] => {
  const { stops = [], reached = new Map<Element, boolean>() } = globalThis as Walking
  const said = (one: Element): string => one.outerHTML.replace(/\s+/g, ' ').slice(0, 160)
  return stops.flatMap((one) =>
    reached.get(one) === true ? [] : [`${reached.has(one) ? 'unseen' : 'unreached'}: ${said(one)}`],
  )
}

/** Keys that are pressed before the page is asked whether all was reached; dates have several stops each. */
const KEYS_AT_ONCE = 15

/**
 * What in the open page can be pressed or filled in, but is not reached by Tab alone, or does not show that it has the focus
 * (WCAG 2.2, 2.1.1 and 2.4.7).
 */
export const keyboardFaultsOf = async (page: Page): Promise<string[]> => {
  const most = 2 * (await page.evaluate(beginWalk)) + 2 * KEYS_AT_ONCE
  let faults: string[] = []
  for (let keys = 0; keys < most; keys += 1) {
    if (keys % KEYS_AT_ONCE === 0) {
      faults = await page.evaluate(walkFaults)
      if (!faults.some((fault) => fault.startsWith('unreached'))) return faults
    }
    await page.keyboard.press('Tab')
  }
  return page.evaluate(walkFaults)
}

/** The browser's complaints from now on in any page of a context: blocked styles and forms, errors of pages. */
export const complaintsOf = (context: BrowserContext): readonly string[] => {
  const complaints: string[] = []
  context.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text())
  })
  context.on('weberror', (fault) => complaints.push(fault.error().message))
  return complaints
}

type Shift = Readonly<{ value: number; moved: readonly string[] }>
type Shifting = typeof globalThis & { shifts?: Shift[] }

/** Runs in each page: notes what moves without anybody having done something. */
const noteShifts = (): void => {
  const shifts: Shift[] = []
  ;(globalThis as Shifting).shifts = shifts
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as unknown as readonly Readonly<{
      value: number
      hadRecentInput: boolean
      sources: readonly Readonly<{ node: Node | null }>[]
    }>[])
      if (!entry.hadRecentInput)
        shifts.push({
          value: entry.value,
          moved: entry.sources.map(({ node }) =>
            node instanceof Element
              ? `${node.localName}#${node.id}.${node.className}`
              : (node?.textContent ?? ''),
          ),
        })
  }).observe({ type: 'layout-shift', buffered: true })
}

/** Counts layout shifts in the pages of a browser from now on. */
export const countShifts = (context: BrowserContext): Promise<unknown> => context.addInitScript(noteShifts)

/** Less is nothing that anybody sees: a mark that is painted a moment before what is beside it. */
const SEEN = 0.002

/** The layout shifts of the page so far that can be seen, once what is under way is painted. */
export const shiftsOf = (page: Page): Promise<readonly Shift[]> =>
  page.evaluate(async (seen) => {
    for (let frames = 0; frames < 3; frames += 1) await new Promise(requestAnimationFrame)
    return ((globalThis as Shifting).shifts ?? []).filter(({ value }) => value >= seen)
  }, SEEN)
