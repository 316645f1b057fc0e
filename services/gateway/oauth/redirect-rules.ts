// Which redirect URIs a client may register. Pure.

import { isLoopback } from '../http/host.ts'
import { allowed, type Refusal, type Ruled, refused } from './refusals.ts'

const REDIRECT_URIS = 20
const REDIRECT_URI_CHARS = 2_000

/**
 * Desktop apps that receive answers through a private URI scheme (RFC 8252 §7.1), with the names that people know them by.
 * The list is closed, since any app can claim a scheme. PKCE makes a code that went astray worthless, and the consent page
 * says where the answer goes. Operators add to the list with CLIENT_REDIRECT_SCHEMES.
 */
const APPS: Readonly<Record<string, string>> = {
  claude: 'Claude',
  'code-oss': 'Code - OSS',
  cursor: 'Cursor',
  goose: 'Goose',
  jetbrains: 'a JetBrains IDE',
  kiro: 'Kiro',
  lmstudio: 'LM Studio',
  mcpjam: 'MCPJam',
  raycast: 'Raycast',
  trae: 'Trae',
  vscode: 'VS Code',
  'vscode-insiders': 'VS Code Insiders',
  vscodium: 'VSCodium',
  warp: 'Warp',
  windsurf: 'Windsurf',
  'windsurf-next': 'Windsurf Next',
  zed: 'Zed',
}

/** The name of the app that a scheme belongs to; undefined for an unknown scheme. */
export const appOfScheme = (scheme: string): string | undefined =>
  Object.hasOwn(APPS, scheme) ? APPS[scheme] : undefined

/** Schemes that run code, read files, or lead to no app. */
const HARMFUL = 'javascript|data|vbscript|file|filesystem|blob|about|view-source|intent|ms-msdt|ws|wss|ftp'
const HARMFUL_SCHEME = new RegExp(`^(${HARMFUL}):`, 'i')

/** Why a URI is not accepted; undefined when it is. */
const faultOf = (uri: string, schemes: ReadonlySet<string>): Refusal | undefined => {
  if (uri.length > REDIRECT_URI_CHARS || /[\s\p{Cc}\\#]/u.test(uri) || !URL.canParse(uri))
    return 'redirect_uri_malformed'
  if (HARMFUL_SCHEME.test(uri)) return 'redirect_uri_harmful'
  const { protocol, username, password } = new URL(uri)
  if (username !== '' || password !== '') return 'redirect_uri_malformed'
  if (protocol === 'https:') return undefined
  if (protocol === 'http:') return isLoopback(uri) ? undefined : 'redirect_uri_not_https'
  const scheme = protocol.slice(0, -1)
  return appOfScheme(scheme) !== undefined || schemes.has(scheme) ? undefined : 'redirect_uri_scheme'
}

/**
 * The redirect URIs of a registration that are kept. Apps register the URIs of all their variants in one request, so one with
 * an unknown scheme is left out while others remain (RFC 7591 §3.2.1); a harmful one refuses the whole request.
 * @param schemes further schemes that are accepted.
 */
export const checkRedirects = (
  uris: readonly string[] | undefined,
  schemes: ReadonlySet<string>,
): Ruled<string[]> => {
  if (!uris || uris.length === 0) return refused('redirect_uris_missing')
  if (uris.length > REDIRECT_URIS) return refused('redirect_uris_too_many')
  const checked = [...new Set(uris)].map((uri) => ({ uri, fault: faultOf(uri, schemes) }))
  const harmful = checked.find(({ fault }) => fault !== undefined && fault !== 'redirect_uri_scheme')
  if (harmful?.fault) return refused(harmful.fault)
  const kept = checked.filter(({ fault }) => fault === undefined).map(({ uri }) => uri)
  return kept.length > 0 ? allowed(kept) : refused('redirect_uri_scheme')
}
