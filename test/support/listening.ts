// What a screen reader would read out by itself: whatever changes in the live regions of a page, and where the focus is then.
import type { BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'

/** What was read out so far, over all pages of a browser. */
export type Listener = Readonly<{ heard: readonly string[]; forget: () => void }>

/** Runs in the page: tells of every text that appears in a live region. */
const LISTEN = `(() => {
  const LIVE = '[aria-live=polite], [aria-live=assertive], [role=status]:not([aria-live=off]), [role=alert]'
  const read = (region) => {
    const text = region.textContent.replace(/\\s+/g, ' ').trim()
    if (text !== '') heardInRegion(text)
  }
  new MutationObserver((records) => {
    const regions = new Set()
    for (const { target, addedNodes } of records) {
      const element = target instanceof Element ? target : target.parentElement
      const around = element?.closest(LIVE)
      if (around) regions.add(around)
      for (const node of addedNodes)
        if (node instanceof Element && document.readyState === 'complete')
          for (const region of [node, ...node.querySelectorAll(LIVE)]) if (region.matches(LIVE)) regions.add(region)
    }
    for (const region of regions) read(region)
  }).observe(document, { subtree: true, childList: true, characterData: true })
})()`

/** Listens to all pages of a browser from now on. */
export const listenIn = async (context: BrowserContext): Promise<Listener> => {
  const heard: string[] = []
  await context.exposeFunction('heardInRegion', (text: string) => {
    heard.push(text)
  })
  await context.addInitScript(LISTEN)
  return { heard, forget: () => heard.splice(0) }
}

/** That a sentence was read out, once, and the focus is somewhere: who reads on does so from there. */
export const onlyWhere = async (page: Page, { heard, forget }: Listener, sentence: string): Promise<void> => {
  await expect.poll(() => heard.filter((text) => text.includes(sentence))).toHaveLength(1)
  expect(await page.evaluate(() => document.activeElement !== document.body)).toBe(true)
  forget()
}
