// The browser that the tests of the pages use.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { launchBrowser } from '../support/chromium.ts'

test('a_page_of_this_machine_is_shown_and_its_script_is_run', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end('<title>before</title><script>document.title = "after"</script><h1>ünïcode 🚀</h1>')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const browser = await launchBrowser()
  try {
    const page = await browser.newPage()
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect(await page.title()).toBe('after')
    expect(await page.locator('h1').textContent()).toBe('ünïcode 🚀')
  } finally {
    await browser.close()
    server.close()
  }
})
