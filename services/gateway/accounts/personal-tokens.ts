// Makes and revokes personal access tokens. One write each.
import { notFound } from '../../../shared/contracts/define/errors.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import { type AuditEntry, audited } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import { translatedError } from '../translated-errors.ts'
import type { Membership } from './person-rules.ts'
import {
  createToken,
  type Holder,
  judgeToken,
  type PersonalToken,
  replaceToken,
  TOKENS_PER_HOLDER,
  type TokenTyped,
} from './personal-token-rules.ts'
import { formatSecret, isSecret } from './token-format.ts'

/** A token that was just made, with what nobody can see again. */
export type MadeToken = Readonly<{ token: PersonalToken; secret: string }>

/**
 * Makes a token for a member.
 * @throws AppError `invalid_argument`, `already_exists`, `limit_exceeded`, with the field.
 */
export const makeToken = async (
  { store, ids, clock }: Pick<Deps, 'store' | 'ids' | 'clock'>,
  holder: Holder,
  membership: Membership,
  typed: TokenTyped,
): Promise<MadeToken> => {
  const secret = formatSecret('personal_token', ids.token())
  const made = { id: ids.next(), secret, hash: sha256(secret), now: clock.now() }
  const rules = await store.workspaces.accessRules(membership.workspace_id)
  const token = createToken(typed, holder, membership, made, rules?.token_policy)
  // Of several made at the same moment a few may go beyond the limit, which is only there to keep the list readable.
  const present = await store.personalTokens.list(holder._id, TOKENS_PER_HOLDER, token.ws)
  if (present.length >= TOKENS_PER_HOLDER)
    throw translatedError('limit_exceeded', (words) =>
      words.say('too_many_tokens', { max: String(TOKENS_PER_HOLDER) }),
    )
  if (!(await store.personalTokens.insert(token)))
    throw translatedError('already_exists', (words) => words.word('token_name_taken'), {
      details: { field: 'token_name' },
    })
  return { token, secret }
}

/**
 * Replaces a token: a new text for the same connection, while the text before works for another day.
 * @throws AppError `not_found`, also for a token of somebody else, and for one that has ended; `forbidden`.
 */
export const rotateToken = (
  { store, ids, clock }: Pick<Deps, 'store' | 'ids' | 'clock'>,
  holder: Holder,
  id: string,
): Promise<MadeToken> =>
  untilSaved(async () => {
    const before = await store.personalTokens.find(id)
    const now = clock.now()
    if (before?.user_id !== holder._id || !judgeToken(before, holder, now).ok) throw notFound('token', id)
    const secret = formatSecret('personal_token', ids.token())
    const rules = await store.workspaces.accessRules(before.ws)
    const token = replaceToken(before, holder, { secret, hash: sha256(secret), now }, rules?.token_policy)
    return (await store.personalTokens.replace(before, token)) ? { token, secret } : undefined
  }, ids.random)

/**
 * Ends a token for whoever presents its text, as a secret scanner does that found it. Of a token that was replaced, only the
 * text before ends. A text that is no token changes nothing.
 */
export const revokePresented = async (
  deps: Pick<Deps, 'clock' | 'ids' | 'log' | 'store'>,
  text: string,
  address: string,
): Promise<void> => {
  const { personalTokens } = deps.store
  const hash = sha256(text)
  const token = isSecret('personal_token', text) ? await personalTokens.byHash(hash) : null
  if (!token) return
  const entry: AuditEntry = {
    action: 'token.revoked',
    ws: [token.ws],
    by: { user_id: null, name: 'whoever presented it', via: 'revocation' },
    address,
    target: { token_id: token._id, name: token.name, holder_id: token.user_id },
  }
  await audited(deps, entry, async () => {
    if (token.hash === hash) await personalTokens.remove(token.user_id, token._id)
    else await personalTokens.replace(token, { ...token, old: null })
  })
}

/**
 * Revokes a token. Every gateway refuses it as soon as its caches expire.
 * @throws AppError `not_found`, also for a token of somebody else.
 */
export const revokeToken = async (
  { store }: Pick<Deps, 'store'>,
  userId: string,
  id: string,
): Promise<void> => {
  if (!(await store.personalTokens.remove(userId, id))) throw notFound('token', id)
}
