// Signing in by an identity provider, as a browser does it. Knows no provider.
import { type Arrived, type Browser, openBrowser } from './accounts.ts'

/** The address by which a browser comes back from the provider, which is not opened yet. */
export const answerOf = async (browser: Browser, path = '/oidc/start'): Promise<URL> => {
  const sent = await browser.open(path)
  if (!sent.url.searchParams.has('state'))
    throw new Error(`not sent to a provider: ${sent.status} ${sent.text}`)
  const { url, text } = await openBrowser(sent.url.origin).open(sent.url)
  if (!url.searchParams.has('state') || !url.pathname.startsWith('/oidc/'))
    throw new Error(`the provider did not send the browser back: ${url} ${text.slice(0, 500)}`)
  return url
}

/** Signs a browser in by the provider that it is sent to. */
export const signInByProvider = async (browser: Browser, path?: string): Promise<Arrived> =>
  browser.open(await answerOf(browser, path))
