// What a browser can say about any open page. It finds accessibility faults, content that does not fit, and violations
// of the page's policy. Knows no page.
import axe from 'axe-core'
import type { BrowserContext, Frame, Page } from 'playwright-core'

/** What axe finds wrong in the open page, by rule and place. Frames hold what others wrote, so they are skipped. */
export const faultsOf = async (page: Page | Frame): Promise<string[]> => {
  // The library is large, so it is handed over once for each page.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(
      {
        exclude: [['iframe']],
      },
      { resultTypes: ['violations'] },
    )
    return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  })
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

/** The browser's complaints from now on in any page of a context: blocked styles and forms, errors of pages. */
export const complaintsOf = (context: BrowserContext): readonly string[] => {
  const complaints: string[] = []
  context.on('console', (message) => {
    if (/content security policy|refused to/i.test(message.text())) complaints.push(message.text())
  })
  context.on('weberror', (fault) => complaints.push(fault.error().message))
  return complaints
}
