// The operator's commands about people: who there is, letting them in again, owners, deactivation and sessions.

import { deleteAccount, standingsOf } from '../../services/gateway/accounts/account-deletion.ts'
import type { Session } from '../../services/gateway/accounts/account-store.ts'
import { makeResetLink, signOutEverywhere } from '../../services/gateway/accounts/credentials.ts'
import { deactivatePerson, reactivatePerson } from '../../services/gateway/accounts/deactivation.ts'
import { resetSecondFactors } from '../../services/gateway/accounts/factors.ts'
import { changeMember } from '../../services/gateway/accounts/members.ts'
import {
  isActive,
  isFormer,
  isOfPassword,
  membershipIn,
  type Person,
} from '../../services/gateway/accounts/person-rules.ts'
import type { Workspace } from '../../services/gateway/accounts/workspace-rules.ts'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import { lookInto } from '../../shared/storage/collection.ts'
import { auditedCommand } from './recording.ts'
import {
  type AdminCommand,
  AdminMistake,
  type Asked,
  auditedOfPerson,
  personOf,
  SHOWN,
  sayRows,
  type World,
  workspaceOf,
} from './world.ts'

const minute = (at: Date | null | undefined): string =>
  at ? `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC` : 'never'

const personLine = (person: Person): string => {
  const roles = person.memberships.map(({ workspace_id, role }) => `${role} of ${workspace_id}`)
  const state = isFormer(person) ? '  deleted' : isActive(person) ? '' : '  deactivated'
  return `${person.email}  ${person.name}${state}  ${roles.join(', ') || 'in no workspace'}`
}

const people: AdminCommand['run'] = async ({ db }, { options }, say) => {
  const { collection, read } = lookInto<Person>(db, 'people')
  const { workspace } = options
  const wanted = typeof workspace === 'string' ? { 'memberships.workspace_id': workspace.toUpperCase() } : {}
  const found = await collection
    .find(wanted)
    .sort({ _id: 1 })
    .limit(SHOWN + 1)
    .toArray()
  sayRows(found.map(read).map(personLine), say)
  if (found.length === 0) say('There are no such accounts.')
  return 0
}

const workspaces: AdminCommand['run'] = async ({ db, deps }, _, say) => {
  const { collection, read } = lookInto<Workspace>(db, 'workspaces')
  const found = (
    await collection
      .find({ deleted: { $exists: false } })
      .sort({ _id: 1 })
      .limit(SHOWN + 1)
      .toArray()
  ).map(read)
  const rows: string[] = []
  for (const { _id, name } of found)
    rows.push(`${_id}  ${name}  members: ${await deps.store.people.countMembers(_id)}`)
  sayRows(rows, say)
  if (found.length === 0) say('There are no workspaces yet.')
  return 0
}

const emailOf = ({ words }: Asked): string => words[0] ?? ''

const resetPassword: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  const link = await auditedOfPerson(world, 'reset-password', person, () => makeResetLink(world.deps, person))
  if (!isActive(person)) say(`The account of ${person.email} is deactivated: reactivate it first.`)
  say(`Give this link to ${person.email}. It works once, for an hour. Whoever has it can set the password:`)
  say(link)
  return 0
}

/** The operator as the caller of a change: no person, but the installation. */
export const operatorIn = async ({ deps }: World, workspace_id: string) => ({
  kind: 'person' as const,
  user_id: await deps.store.installation.id(),
  user_name: 'The operator',
  workspace_id,
  role: 'owner' as const,
  scopes: ALL_SCOPES,
  client_id: 'admin',
  client_name: 'npm run admin',
  grant_id: null,
})

const makeOwner: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  const ws = workspaceOf(person, asked.options.workspace)
  if (membershipIn(person, ws)?.role === 'owner') {
    say(`${person.email} is an owner of ${ws} already.`)
    return 0
  }
  const caller = await operatorIn(world, ws)
  await auditedOfPerson(world, 'make-owner', person, () =>
    changeMember(world.deps, caller, person._id, 'owner'),
  )
  say(`${person.email} is now an owner of ${ws}. Owners can change the roles of the others on its page.`)
  return 0
}

const deactivate: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  const force = asked.options.force === true
  const work = () => deactivatePerson(world.deps, 'operator', person._id, { force })
  await auditedOfPerson(world, 'deactivate', person, work)
  say(`Deactivated ${person.email}: sessions, connections, tokens and links have ended everywhere.`)
  return 0
}

const reactivate: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  await auditedOfPerson(world, 'reactivate', person, () =>
    reactivatePerson(world.deps, 'operator', person._id),
  )
  say(`Reactivated ${person.email}. They sign in and connect their apps anew.`)
  return 0
}

const sessions: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  if (asked.options.end === true) {
    await auditedOfPerson(world, 'sessions --end', person, () => signOutEverywhere(world.deps, person._id))
    say(`Signed ${person.email} out of every browser, and ended their connections, tokens and links.`)
    return 0
  }
  const { collection, read } = lookInto<Session>(world.db, 'sessions')
  const filter = { user_id: person._id, expires_at: { $gt: world.deps.clock.now() } }
  const found = await collection
    .find(filter)
    .sort({ created_at: -1 })
    .limit(SHOWN + 1)
    .toArray()
  const live = found.map(read).filter((session) => isOfPassword(session, person) && isActive(person))
  sayRows(
    live.map(
      ({ created_at, expires_at, methods }) =>
        `since ${minute(created_at)}  until ${minute(expires_at)}  ${(methods ?? ['password']).join(', ')}`,
    ),
    say,
  )
  if (live.length === 0) say(`${person.email} is signed in nowhere.`)
  return 0
}

const resetFactor: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  const removed = await auditedOfPerson(world, 'reset-second-factor', person, () =>
    resetSecondFactors(world.deps, person._id),
  )
  say(
    removed === 0
      ? `${person.email} has no second factor.`
      : `Removed ${removed} second factors of ${person.email}, and their recovery codes. They sign in by the first factor and add new ones.`,
  )
  return 0
}

const deletion: AdminCommand['run'] = async (world, asked, say) => {
  const person = await personOf(world, emailOf(asked))
  const standings = await standingsOf(world.deps, person)
  const along = standings.filter(({ fate }) => fate === 'goes').map(({ workspace }) => workspace)
  const names = along.map(({ name }) => name).join(', ')
  if (along.length > 0 && asked.options['with-workspaces'] !== true)
    throw new AdminMistake(
      `${person.email} is the only member of ${names}, which would be deleted too: export it first, then add --with-workspaces.`,
    )
  const agreed = along.map(({ _id }) => _id)
  const ws = standings.map(({ workspace }) => workspace._id).filter((id) => !agreed.includes(id))
  const about = { target: { user_id: person._id }, ws }
  const { left } = await auditedCommand(world, 'delete-account', about, () =>
    deleteAccount(world.deps, person._id, { client: 'npm run admin', agreed }),
  )
  say(`Deleted the account of ${person.email}: nothing works in its name any more.`)
  if (names !== '') say(`Deleted with it, since nobody else was a member: ${names}.`)
  if (left.length > 0) say(`What they wrote stays by “Former member” in: ${left.join(', ')}.`)
  say('The gateways erase the rest in the next minutes.')
  return 0
}

/** The commands by name. */
export const PEOPLE_COMMANDS: Readonly<Record<string, AdminCommand>> = {
  people: {
    usage: '[--workspace ID]',
    about: 'lists the accounts with their roles',
    words: 0,
    options: { workspace: true },
    run: people,
  },
  workspaces: { usage: '', about: 'lists the workspaces', words: 0, run: workspaces },
  'reset-password': {
    usage: 'EMAIL',
    about: 'prints a link by which its holder sets a new password, once',
    words: 1,
    run: resetPassword,
  },
  'make-owner': {
    usage: 'EMAIL [--workspace ID]',
    about: 'makes a member an owner of their workspace',
    words: 1,
    options: { workspace: true },
    run: makeOwner,
  },
  'reset-second-factor': {
    usage: 'EMAIL',
    about: 'removes the second factors of somebody who has lost them',
    words: 1,
    run: resetFactor,
  },
  deactivate: {
    usage: 'EMAIL [--force]',
    about: 'ends all that works for an account; --force also that of a last owner',
    words: 1,
    options: { force: false },
    run: deactivate,
  },
  'delete-account': {
    usage: 'EMAIL [--with-workspaces]',
    about: 'deletes an account for good; --with-workspaces also those of which it is the only member',
    words: 1,
    options: { 'with-workspaces': false },
    run: deletion,
  },
  reactivate: { usage: 'EMAIL', about: 'lets an account be used again', words: 1, run: reactivate },
  sessions: {
    usage: 'EMAIL [--end]',
    about: 'lists the browsers that are signed in; --end signs out everywhere',
    words: 1,
    options: { end: false },
    run: sessions,
  },
}
