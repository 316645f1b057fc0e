// Turns a personal access token into the person or service account, workspace and scopes that it stands for now.
import { LRUCache } from 'lru-cache'
import { isOfToken, judgeToken, type PersonalToken } from '../accounts/personal-token-rules.ts'
import { isSecret } from '../accounts/token-format.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import type { Access } from './access.ts'
import { type FindHolder, findHolder, STATE_TTL_MS, STATES } from './holders.ts'

/** For how long a token counts as seen lately (ms). */
const SEEN_MS = 60_000

/** Finds the token of a hash. */
type FindToken = (hash: string) => Promise<PersonalToken | null>

/** What a stored token stands for at `now`. */
export const accessOf = (token: PersonalToken, judged: ReturnType<typeof judgeToken>): Access => {
  if (!judged.ok) return judged
  const { holder, membership, scopes } = judged
  return {
    ok: true,
    caller: {
      kind: 'person',
      user_id: holder._id,
      user_name: holder.name,
      workspace_id: token.ws,
      role: membership.role,
      scopes,
      client_id: token._id,
      client_name: token.name,
      grant_id: token._id,
      ...(token.max_claims === undefined ? {} : { claim_limits: { max_claims: token.max_claims } }),
    },
    grant_id: token._id,
    gen: 1,
    credential: {
      of: holder.secret_version === undefined ? 'person' : 'service',
      since: token.created_at,
    },
    expires_at: Math.floor(token.expires_at.getTime() / 1_000),
  }
}

const read = async (
  { clock }: Pick<Deps, 'clock'>,
  text: string,
  findToken: FindToken,
  findHolder: FindHolder,
): Promise<Readonly<{ access: Access; token?: PersonalToken }>> => {
  const hash = sha256(text)
  const token = isSecret('personal_token', text) ? await findToken(hash) : null
  if (!token || !isOfToken(token, hash, clock.now())) return { access: { ok: false, reason: 'invalid' } }
  return { access: accessOf(token, judgeToken(token, await findHolder(token.user_id), clock.now())), token }
}

/** Judges a token without any cache. */
export const readPersonal = (deps: Deps, text: string) =>
  read(deps, text, deps.store.personalTokens.byHash, findHolder(deps))

/** Makes the check with its caches, one per process. A token that is not there is not cached, so that junk evicts nothing. */
export const verifyPersonal = (
  deps: Pick<Deps, 'store' | 'clock'>,
  holders: FindHolder,
): ((text: string, unknown: () => void) => Promise<Access>) => {
  const { store, clock } = deps
  const perf = { now: clock.monotonicMs }
  /** The day on which a token was last noted as used, by its hash. */
  const seen = new LRUCache<string, string>({ max: STATES, ttl: SEEN_MS, perf })
  const byHash = new LRUCache<string, { token: PersonalToken | null }>({
    max: STATES,
    ttl: STATE_TTL_MS,
    perf,
    fetchMethod: async (hash) => ({ token: await store.personalTokens.byHash(hash) }),
  })
  const findToken: FindToken = async (hash) => {
    const found = (await byHash.fetch(hash))?.token ?? null
    if (!found) byHash.delete(hash)
    return found
  }
  return async (text, unknown) => {
    const hash = sha256(text)
    const noted = seen.get(hash)
    if (noted === undefined) unknown()
    const { access, token } = await read(deps, text, findToken, holders)
    if (!access.ok || !token) return access
    const today = clock.now().toISOString().slice(0, 10)
    if (noted === today) return access
    seen.set(hash, today)
    if (token.last_used_on !== today) await store.personalTokens.markUsed(token._id, today)
    return access
  }
}
