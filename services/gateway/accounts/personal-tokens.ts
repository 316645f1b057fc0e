// Makes and revokes personal access tokens. One write each.
import { AppError, notFound } from '../../../shared/contracts/define/errors.ts'
import type { Deps } from '../deps.ts'
import { sha256 } from '../secrets.ts'
import type { Membership } from './person-rules.ts'
import {
  createToken,
  type Holder,
  type PersonalToken,
  TOKENS_PER_HOLDER,
  type TokenTyped,
} from './personal-token-rules.ts'
import { formatSecret } from './token-format.ts'

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
  const token = createToken(typed, holder, membership, made)
  // Of several made at the same moment a few may go beyond the limit, which is only there to keep the list readable.
  const present = await store.personalTokens.list(holder._id, TOKENS_PER_HOLDER, token.ws)
  if (present.length >= TOKENS_PER_HOLDER)
    throw new AppError(
      'limit_exceeded',
      `There are already ${TOKENS_PER_HOLDER} tokens in this workspace. Revoke one that is not needed any more.`,
    )
  if (!(await store.personalTokens.insert(token)))
    throw new AppError(
      'already_exists',
      'There is already a token of this name. Revoke it first, or choose another name.',
      {
        details: { field: 'token_name' },
      },
    )
  return { token, secret }
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
