// The Authorization header of the MCP endpoint, and the challenges by which a client gets in or gets more scopes (RFC 6750,
// RFC 9728 §5.1). Looks into no token.
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES } from '../../../shared/contracts/define/scopes.ts'

/**
 * The bearer token in an Authorization header; undefined for another scheme or no header. A malformed token is returned as
 * it is: it will not verify.
 */
export const readBearer = (header: string | null): string | undefined =>
  header === null ? undefined : (/^bearer +(.*)$/i.exec(header.trim())?.[1] ?? undefined)

const metadataUrl = (publicUrl: string, path: string): string =>
  `${publicUrl}/.well-known/oauth-protected-resource${path}`

type Challenge = Readonly<{
  /** The endpoint that was called, `/mcp` or `/mcp/`: each has its own metadata document. */
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

/** 401 for a request without credentials: without `error`, since nothing is wrong yet (RFC 6750 §3.1). */
export const askForToken = (publicUrl: string, path: string): Response =>
  challenge(401, {
    path,
    publicUrl,
    description: 'This needs an access token. The metadata document says where to get one.',
    scopes: BASELINE_SCOPES,
  })

/** 401 for a token that is expired, revoked, forged or for another audience. It does not say which. */
export const refuseToken = (publicUrl: string, path: string): Response =>
  challenge(401, {
    path,
    publicUrl,
    error: 'invalid_token',
    description: 'The access token is not valid here, or no longer valid.',
    scopes: BASELINE_SCOPES,
  })

/**
 * 403 for a token that allows too little. It names the scopes that the token has and those that it lacks, which together are
 * what the client must now ask for
 * (https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization#scope-challenge-handling). A client that
 * cannot ask shows the description to its person.
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
