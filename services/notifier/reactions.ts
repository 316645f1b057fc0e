// What the notifier does about events of other services: it only records who gets a mail. That is quick and may be repeated,
// so an event is acknowledged long before the last of ten thousand mails has left.
import type * as z from 'zod'
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { ACCOUNT_NOTICES } from '../../shared/contracts/notifier/shapes.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { type Erasing, onDeletion } from '../../shared/events/erase-workspaces.ts'
import { on, type Reaction, type TypedEvent } from '../../shared/events/reactions.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Deliveries } from './delivery-store.ts'
import { EXCERPT_CHARS } from './emails/mention.ts'
import { MAILS } from './mails.ts'
import { loadComment, type MentionDeps, mentionedIn, reserveMails } from './mentions.ts'
import {
  aboutMention,
  approverDeliveries,
  audienceOf,
  type Delivery,
  type LinkTemplate,
  type LoopTemplate,
  linkDelivery,
  type MemberTemplate,
  memberDeliveries,
  mentionDeliveries,
  type NoticeOf,
  noticeOf,
  type OwnerTemplate,
  ownerDeliveries,
  type Recipient,
  type TaskTemplate,
} from './notice-rules.ts'
import { type Preference, unsentBecause } from './preference-rules.ts'
import { type Subscriptions, subscriptionId } from './preference-store.ts'

export type ReactionDeps = MentionDeps &
  Readonly<{
    deliveries: Pick<Deliveries, 'begin' | 'add' | 'finish'>
    subscriptions: Pick<Subscriptions, 'note'>
    gateway: Pick<Client<typeof gateway>, 'get_workspace_context' | 'list_members'>
    /** The database's, which decides what is due. */
    clock: Clock
    /** Step: `mention.reserved`, when those whom a comment mentions have no deliveries yet. */
    at: FaultPoint
    /** Wakes the sender. */
    nudge: () => void
    erasing: Pick<Erasing, 'note'>
  }>

type Commented = z.output<(typeof tasks.events)['comment.added']['data']>
type MemberPage = Awaited<ReturnType<ReactionDeps['gateway']['list_members']>>

/** Bound on the pages of members of one event: more than any workspace has. */
const MAX_PAGES = 5_000

/** Members of a workspace, page by page: those with the ids, or all where `only` is null. */
async function* membersOf(
  { gateway }: ReactionDeps,
  workspace_id: string,
  only: readonly string[] | null,
  call: () => Call,
): AsyncGenerator<readonly Recipient[]> {
  const limit = LIMITS.page
  if (only) {
    for (let start = 0; start < only.length; start += limit) {
      const user_ids = only.slice(start, start + limit)
      yield (await gateway.list_members({ workspace_id, user_ids, limit }, call())).members
    }
    return
  }
  let cursor: string | undefined
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = { workspace_id, limit, ...(cursor === undefined ? {} : { cursor }) }
    const { members, next_cursor }: MemberPage = await gateway.list_members(input, call())
    yield members
    if (next_cursor === null) return
    cursor = next_cursor
  }
}

/** Makes calls about an event, each with a fresh budget: all pages of members together may take longer than one. */
const callsAbout =
  ({ clock }: ReactionDeps, { id, traceparent }: TypedEvent<unknown>) =>
  (): Call =>
    ownCall(clock, id, undefined, traceparent)

const workspaceName = async ({ gateway }: ReactionDeps, workspace_id: string, call: Call): Promise<string> =>
  (await gateway.get_workspace_context({ workspace_id }, call)).workspace.name

/** Records a mail to members of a workspace: its notice, then page by page a delivery to each. */
const addForMembers = async (
  { deliveries, nudge }: ReactionDeps,
  notice: NoticeOf<MemberTemplate>,
  pages: AsyncIterable<readonly Recipient[]> | readonly (readonly Recipient[])[],
  deliveriesTo: (members: readonly Recipient[]) => readonly Delivery[] | Promise<readonly Delivery[]>,
): Promise<void> => {
  if (await deliveries.begin(notice)) return
  for await (const members of pages) {
    await deliveries.add(await deliveriesTo(members))
    nudge()
  }
  await deliveries.finish(notice)
}

/** Records a mail that its readers can choose not to get: a delivery to each member of the audience, by their preference. */
const addByPreference = async <N extends NoticeOf<LoopTemplate | TaskTemplate>>(
  deps: ReactionDeps,
  event: TypedEvent<unknown>,
  mail: Readonly<{
    /** Makes the notice for the name of the workspace. */
    noticeIn: (workspace_name: string) => N
    audience: (notice: N) => readonly string[] | null
    deliveries: (
      notice: N,
      members: readonly Recipient[],
      preferenceOf: (user_id: string) => Preference | undefined,
      now: Date,
    ) => Delivery[]
  }>,
): Promise<void> => {
  const { workspaceid } = event
  const call = callsAbout(deps, event)
  const workspace_name = await workspaceName(deps, workspaceid, call())
  const notice = mail.noticeIn(workspace_name)
  const pages = membersOf(deps, workspaceid, mail.audience(notice), call)
  await addForMembers(deps, notice, pages, async (members) => {
    const preferences = await deps.subscriptions.note(workspaceid, workspace_name, members)
    const preferenceOf = (user_id: string) => preferences.get(subscriptionId(workspaceid, user_id))
    return mail.deliveries(notice, members, preferenceOf, deps.clock.now())
  })
}

/** Records a mail about a loop to those who see it. */
const addForReaders = (
  deps: ReactionDeps,
  event: TypedEvent<unknown>,
  noticeIn: (workspace_name: string) => NoticeOf<LoopTemplate>,
): Promise<void> =>
  addByPreference(deps, event, {
    noticeIn,
    audience: ({ facts }) => audienceOf(facts),
    deliveries: memberDeliveries,
  })

/** Records a mail about a task to whoever approved it. */
const addForApprover = (
  deps: ReactionDeps,
  event: TypedEvent<unknown>,
  noticeIn: (workspace_name: string) => NoticeOf<TaskTemplate>,
): Promise<void> =>
  addByPreference(deps, event, {
    noticeIn,
    audience: ({ facts }) => [facts.approver_id],
    deliveries: approverDeliveries,
  })

/** Records a mail about a comment to those whom it mentions. */
const addForMentioned = async (deps: ReactionDeps, event: TypedEvent<Commented>): Promise<void> => {
  const { workspaceid, data } = event
  if (!data.may_mention) return
  const { comment_id, by } = data
  const call = callsAbout(deps, event)
  const comment = await loadComment(deps, workspaceid, comment_id, call)
  if (!comment) return
  const mentioned = await mentionedIn(comment, by.user_id, membersOf(deps, workspaceid, null, call))
  if (mentioned.length === 0) return
  const workspace_name = await workspaceName(deps, workspaceid, call())
  const { title, on } = comment.place
  const excerpt = [...comment.text].slice(0, 2 * EXCERPT_CHARS).join('')
  const notice = noticeOf('mention', event, { comment_id, on, title, excerpt, by, workspace_name })
  await addForMembers(deps, notice, [mentioned], async (members) => {
    const preferences = await deps.subscriptions.note(workspaceid, workspace_name, members)
    const preferenceOf = (user_id: string) => preferences.get(subscriptionId(workspaceid, user_id))
    const wanted = members.filter(
      ({ user_id, unconfirmed, deactivated }) =>
        !unconfirmed && !deactivated && !unsentBecause(preferenceOf(user_id), aboutMention(on)),
    )
    const heldBack = await reserveMails(
      deps,
      notice,
      wanted.map(({ user_id }) => user_id),
    )
    deps.at('mention.reserved')
    return mentionDeliveries(notice, members, preferenceOf, (id) => heldBack.get(id), deps.clock.now())
  })
}

/** Records a mail to the owners of a workspace. `noticeIn` makes its notice for the workspace's name. */
const addForOwners = async (
  deps: ReactionDeps,
  event: TypedEvent<unknown>,
  noticeIn: (workspace_name: string) => NoticeOf<OwnerTemplate>,
): Promise<void> => {
  const { workspaceid } = event
  const call = callsAbout(deps, event)
  const notice = noticeIn(await workspaceName(deps, workspaceid, call()))
  await addForMembers(deps, notice, membersOf(deps, workspaceid, null, call), (members) =>
    ownerDeliveries(notice, members, deps.clock.now()),
  )
}

/** Records a mail with a link. `link_id` is the id of what the link is for. */
const addLink = async (
  { deliveries, clock, nudge }: ReactionDeps,
  notice: NoticeOf<LinkTemplate>,
  link_id: string,
): Promise<void> => {
  if (await deliveries.begin(notice)) return
  await deliveries.add([linkDelivery(notice, link_id, MAILS[notice.template].shown_to, clock.now())])
  await deliveries.finish(notice)
  nudge()
}

/** The reactions of the notifier. */
export const reactions = (deps: ReactionDeps): readonly Reaction[] => [
  on(loopsQueue, 'loop.shipped', (event) =>
    addForReaders(deps, event, (workspace_name) => {
      // Events of older releases do not say who took part.
      const { people_ids = [], ...data } = event.data
      return noticeOf('loop-shipped', event, { ...data, people_ids, workspace_name })
    }),
  ),
  on(tasks, 'task.claim_expired', async (event) => {
    const { task_id, title, loop_id, attempt: expiries, approved_by, private: is_private } = event.data
    // Only those of a task that was put on hold say who approved it.
    if (!approved_by) return
    const facts = { task_id, title, loop_id, private: is_private, expiries, approver_id: approved_by.user_id }
    await addForApprover(deps, event, (workspace_name) =>
      noticeOf('task-held', event, { ...facts, workspace_name }),
    )
  }),
  on(tasks, 'comment.added', (event) => addForMentioned(deps, event)),
  on(webhooks, 'webhook.disabled', (event) =>
    addForOwners(deps, event, (workspace_name) =>
      noticeOf('webhook-disabled', event, { ...event.data, workspace_name }),
    ),
  ),
  on(gateway, 'person.invited', (event) => {
    const { invitation_id } = event.data
    return addLink(deps, noticeOf('invitation', event, { invitation_id }), invitation_id)
  }),
  on(gateway, 'person.password_reset_requested', (event) => {
    const { reset_id } = event.data
    return addLink(deps, noticeOf('password-reset', event, { reset_id }), reset_id)
  }),
  on(gateway, 'person.confirmation_requested', (event) => {
    const { account_mail_id } = event.data
    return addLink(deps, noticeOf('confirmation', event, { account_mail_id }), account_mail_id)
  }),
  on(gateway, 'person.sign_ins_failed', (event) => {
    const { account_mail_id } = event.data
    return addLink(deps, noticeOf('failed-sign-ins', event, { account_mail_id }), account_mail_id)
  }),
  on(gateway, 'person.account_mail_requested', async (event) => {
    const { account_mail_id, mail } = event.data
    // One that a later release added is sent by a notifier of that release, or not at all.
    const template = ACCOUNT_NOTICES.find((one) => one === mail)
    if (!template) return
    await addLink(deps, noticeOf(template, event, { account_mail_id }), account_mail_id)
  }),
  onDeletion(deps.erasing),
]
