// The names and attributes of the cookies of sessions, known browsers and the sign-in flow. Pure.
//
// A browser sends a host's cookies to every port of it (RFC 6265 §8.5), so a name holds the port: two copies of Loops on one
// host would otherwise sign each other's people out.

const isHttps = (publicUrl: string): boolean => publicUrl.startsWith('https:')

/** Over https, `__Host-` keeps other hosts of the domain from setting the cookie; plain http cannot use it (RFC 6265bis §4.1.3.2). */
const hostPrefix = (publicUrl: string): string => (isHttps(publicUrl) ? '__Host-' : '')

/** The name of a cookie of the server at `publicUrl`: with its port, unless that is the default one. */
export const nameOfCookie = (publicUrl: string, name: string): string => {
  const { port } = new URL(publicUrl)
  return port === '' ? name : `${name}_${port}`
}

/** The same for a cookie of the whole site. */
export const nameOfSiteCookie = (publicUrl: string, name: string): string =>
  hostPrefix(publicUrl) + nameOfCookie(publicUrl, name)

/** The name of a site cookie without its port, as all of them once were. */
export const portlessSiteCookie = (publicUrl: string, name: string): string => hostPrefix(publicUrl) + name

/** The attributes of a cookie of the whole site, out of reach of scripts and of other sites' forms. */
export const siteCookie = (publicUrl: string) =>
  ({ path: '/', httpOnly: true, sameSite: 'Lax', secure: isHttps(publicUrl) }) as const
