// Erases what is kept beside a deleted account: what signs in or works for it, its mails and invitations, and copies of its
// name. Each step may be repeated; whatever a crash or a service that is away leaves is done by the next pass.
import { ownCall } from '../../../shared/bus/headers.ts'
import type { Call } from '../../../shared/contracts/define/contract.ts'
import type { ForgettingOperation } from '../../../shared/contracts/forgetting.ts'
import type { Deps } from '../deps.ts'
import type { Person } from './person-rules.ts'

/** What erasing needs. */
export type ErasureDeps = Pick<
  Deps,
  'store' | 'clock' | 'ids' | 'at' | 'log' | 'limits' | 'contracts' | 'ask'
>

const FORGETTING: ForgettingOperation = 'forget_person'
/** Accounts in one pass, and when one that failed is looked at again (ms). */
const BATCH = 10
const AGAIN_MS = 15_000
/** More pages than any workspace has documents. */
const MAX_PAGES = 1_000_000

/** Ends what signs in or works for the person. Nobody is let in by it since the account was deleted. */
const eraseAccess = async ({ store, limits }: ErasureDeps, { _id, erasing }: Person): Promise<void> => {
  await store.sessions.removeOthers(_id, undefined)
  await store.grants.removeOf(_id)
  await store.personalTokens.removeAll(_id)
  await store.factors.remove(_id)
  await store.pendingSignIns.removeOf(_id)
  await store.oidcSignIns.removeOf(_id)
  await store.oidcLinks.removeOf(_id)
  await store.resets.removeOf(_id)
  await store.accountMails.removeOf(_id, 'account_deleted')
  const email = erasing?.email ?? ''
  await store.invitations.removeOf(_id, email)
  for (const key of [`account ${email}`, `confirmations of ${email}`, `resets of ${email}`])
    await limits.forgetTries(key)
}

type Asked = Readonly<{ workspace_id: string; user_id: string; email: string; after?: string }>
type Next = Readonly<{ next: string | null }>
type Page = (asked: Asked, call: Call) => Promise<Next>

/** Erases copies of the name in one workspace, by one service. */
const eraseNamesBy = async ({ clock, ids }: ErasureDeps, page: Page, person: Asked): Promise<void> => {
  let after: string | null = null
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const input: Asked = after === null ? person : { ...person, after }
    after = (await page(input, ownCall(clock, ids.next()))).next
    if (after === null) return
  }
}

const eraseEverything = async (deps: ErasureDeps, person: Person): Promise<void> => {
  const { store, contracts, ask } = deps
  await eraseAccess(deps, person)
  deps.at('erase_account.access_ended')
  const { email = '', workspace_ids = [] } = person.erasing ?? {}
  for (const workspace_id of workspace_ids) {
    const whose = { workspace_id, user_id: person._id, email }
    await eraseNamesBy(deps, async (input) => ({ next: await store.eraseNames(input) }), whose)
    for (const contract of contracts.filter(({ operations }) => FORGETTING in operations)) {
      const page: Page = async (input, call) => (await ask(contract, FORGETTING, input, call)) as Next
      await eraseNamesBy(deps, page, whose)
    }
  }
  deps.at('erase_account.erased')
  await store.people.markErased(person._id)
}

/** Erases what is kept beside deleted accounts. Meant to be called repeatedly. */
export const eraseDeleted = async (deps: ErasureDeps): Promise<void> => {
  const { store, clock, log } = deps
  for (const person of await store.people.toErase(clock.now(), BATCH)) {
    try {
      await eraseEverything(deps, person)
    } catch (error) {
      log.warn('a deleted account is not erased yet', { user: person._id, error })
      // After the others, so that one whose service is away does not keep them waiting.
      await store.people.eraseLater(person._id, new Date(clock.now().getTime() + AGAIN_MS))
    }
  }
}
