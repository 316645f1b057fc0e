// The Authorization header of the MCP endpoint, and the challenges that tell a client how to get in or how to get more
// (RFC 6750, RFC 9728 §5.1). Knows no token's inside.
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES } from '../../../shared/contracts/define/scopes.ts'

/**
 * The token of a request, or undefined when it brings none that could be one: another scheme or nothing at all.
 * An unreadable bearer token is given back as it is; it will not verify.
 */
export const readBearer = (header: string | null): string | undefined =>
  header === null ? undefined : (/^bearer +(.*)$/i.exec(header.trim())?.[1] ?? undefined)

const metadataUrl = (publicUrl: string, path: string): string =>
  `${publicUrl}/.well-known/oauth-protected-resource${path}`

type Challenge = Readonly<{
  /** The endpoint that was asked for: `/mcp` or `/mcp/`; each has its own metadata document. */
  path: string
  publicUrl: string
  error?: 'invalid_token' | 'insufficient_scope'
  description: string
  scopes: readonly Scope[]
}>

const challenge = (status: 401 | 403, asked: Challenge): Response => {
  const params = [
    ...(asked.error ? [`error="${asked.error}"`, `error_description="${asked.description}"`] : []),
    `resource_metadata="${metadataUrl(asked.publicUrl, asked.path)}"`,
    `scope="${asked.scopes.join(' ')}"`,
  ]
  return Response.json(
    { error: asked.error ?? 'unauthorized', error_description: asked.description },
    {
      status,
      headers: { 'WWW-Authenticate': `Bearer ${params.join(', ')}`, 'Cache-Control': 'no-store' },
    },
  )
}

/** 401 for a request without credentials: no `error`, since nothing was wrong yet (RFC 6750 §3.1). */
export const askForToken = (publicUrl: string, path: string): Response =>
  challenge(401, {
    path,
    publicUrl,
    description: 'This needs an access token; the metadata document says where to get one.',
    scopes: BASELINE_SCOPES,
  })

/** 401 for a token that is expired, revoked, forged or for another audience; which of them is not told. */
export const refuseToken = (publicUrl: string, path: string): Response =>
  challenge(401, {
    path,
    publicUrl,
    error: 'invalid_token',
    description: 'The access token is not valid here, or no longer.',
    scopes: BASELINE_SCOPES,
  })

/**
 * 403 for a token that allows too little: names what it has and what it lacks, since that is what the client has to ask
 * for now (https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#scope-challenge-handling). The
 * description is for clients that cannot ask: they show it to their person.
 */
export const askForScopes = (
  publicUrl: string,
  path: string,
  asked: Readonly<{ held: readonly Scope[]; missing: readonly Scope[] }>,
): Response =>
  challenge(403, {
    path,
    publicUrl,
    error: 'insufficient_scope',
    description: `This call needs ${asked.missing.join(' and ')}; nothing was changed. Allow it at ${publicUrl}/apps, then refresh the token and call again.`,
    scopes: [...new Set([...asked.held, ...asked.missing])],
  })
