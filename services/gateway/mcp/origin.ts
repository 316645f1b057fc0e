// From which pages a browser may call the MCP endpoint
// (https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http). Pure.
import { isLoopbackUrl } from '../http/host.ts'

/**
 * Makes the check of an Origin header: pages of this server, and those of this machine, for tools such as the MCP
 * Inspector: a token is needed anyway.
 * @param publicUrl the origin that clients use.
 */
export const originsOf = (publicUrl: string): ((origin: string) => boolean) => {
  const own = new URL(publicUrl).origin
  return (origin) =>
    origin === own || (/^https?:/.test(origin) && URL.canParse(origin) && isLoopbackUrl(origin))
}
