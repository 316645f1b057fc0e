// From where a browser may reach the MCP endpoint: the guard against DNS rebinding that the protocol asks for
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http). Pure.

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

export type Places = Readonly<{
  /** Whether a page of this origin may call. Loopback may, for tools such as the MCP Inspector: a token is needed anyway. */
  allowsOrigin: (origin: string) => boolean
  /** Whether this server is known by the name that a request came to. */
  allowsHost: (host: string) => boolean
}>

/**
 * The places that belong to this server.
 * @param publicUrl the origin that clients use. @param host the address that the server listens on.
 */
export const placesOf = (publicUrl: string, host: string): Places => {
  const own = new URL(publicUrl)
  const names = new Set([own.hostname, host, ...LOOPBACK])
  return {
    allowsOrigin: (origin) => {
      if (origin === own.origin) return true
      if (!URL.canParse(origin)) return false
      const { protocol, hostname } = new URL(origin)
      return (protocol === 'http:' || protocol === 'https:') && LOOPBACK.has(hostname)
    },
    allowsHost: (given) => URL.canParse(`http://${given}`) && names.has(new URL(`http://${given}`).hostname),
  }
}
