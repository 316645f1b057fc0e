// The host names of this server, as a Host header gives them. Pure.

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The name in a Host header, without its port; undefined when there is none. */
const nameIn = (host: string): string | undefined => {
  const url = `http://${host}`
  return host !== '' && !/[/?#@\\]/.test(host) && URL.canParse(url) ? new URL(url).hostname : undefined
}

/** A URI of this machine: over plain http, with any port. */
export const LOOPBACK_URI = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?((?:[/?].*)?)$/

/** Whether a redirect URI leads to the person's own machine. */
export const isLoopback = (uri: string): boolean => LOOPBACK_URI.test(uri)

/** Whether a Host header, or a URL's host, names this machine. No page of another site can have such a name. */
export const isLoopbackName = (host: string): boolean => LOOPBACK.has(nameIn(host) ?? '')

/** Whether a URL leads to this machine itself. */
export const isLoopbackUrl = (url: string): boolean => LOOPBACK.has(new URL(url).hostname)

/**
 * Makes the check of Host headers: they may name the public URL, the address that the server listens on, or this machine.
 * Ports are ignored: they are forwarded freely, and a rebound name is foreign on any port.
 * @param host the address that the server listens on.
 */
export const namesOf = (publicUrl: string, host: string | undefined): ((given: string) => boolean) => {
  const names = new Set([
    new URL(publicUrl).hostname,
    ...(host === undefined ? [] : [nameIn(host.includes(':') ? `[${host}]` : host)]),
    ...LOOPBACK,
  ])
  return (given) => {
    const name = nameIn(given)
    return name !== undefined && names.has(name)
  }
}
