// How cookies are named. A browser gives a host's cookies to every port of it (RFC 6265 §8.5), so that two copies of Loops
// on one host would sign each other's people out. Pure.

/** The name of a cookie of the server at `publicUrl`: with its port, where that is not the usual one. */
export const nameOfCookie = (publicUrl: string, name: string): string => {
  const { port } = new URL(publicUrl)
  return port === '' ? name : `${name}_${port}`
}

/**
 * The same for a cookie of the whole site. Over https it is `__Host-`, which keeps other hosts of the domain from setting
 * it; browsers take it there only (RFC 6265bis §4.1.3).
 */
export const nameOfSiteCookie = (publicUrl: string, name: string): string =>
  `${publicUrl.startsWith('https:') ? '__Host-' : ''}${nameOfCookie(publicUrl, name)}`
