// The operator's commands about workspaces: deleting one, and making one for somebody who has none.
import { deleteWorkspace } from '../../services/gateway/accounts/workspace-deletion.ts'
import { foundWorkspace } from '../../services/gateway/accounts/workspace-founding.ts'
import { operatorIn } from './people.ts'
import { auditedCommand } from './recording.ts'
import { type AdminCommand, AdminMistake, auditedOfPerson, personOf } from './world.ts'

const remove: AdminCommand['run'] = async (world, { words, options }, say) => {
  const id = (words[0] ?? '').toUpperCase()
  const { deps } = world
  const workspace = await deps.store.workspaces.find(id)
  if (!workspace)
    throw new AdminMistake(`There is no workspace ${id}: npm run admin -- workspaces lists them.`)
  const { name } = workspace
  if (options.confirm !== name)
    throw new AdminMistake(
      `This deletes ${name} (${id}) for ever, with all that its ${await deps.store.people.countMembers(id)} members have in it. To do it, add: --confirm "${name}"`,
    )
  const caller = await operatorIn(world, id)
  await auditedCommand(world, 'delete-workspace', { target: { workspace_id: id, name }, ws: [id] }, () =>
    deleteWorkspace(deps, caller),
  )
  say(
    `Deleted ${name}. Every gateway refuses it within two seconds, and the services erase what they keep of it.`,
  )
  return 0
}

const make: AdminCommand['run'] = async (world, { words }, say) => {
  const [email = '', name = ''] = words
  const person = await personOf(world, email)
  const id = await auditedOfPerson(world, 'make-workspace', person, () =>
    foundWorkspace(world.deps, person._id, name),
  )
  say(`Made the workspace ${id}, owned by ${person.email}.`)
  return 0
}

/** The commands by name. */
export const WORKSPACE_COMMANDS: Readonly<Record<string, AdminCommand>> = {
  'delete-workspace': {
    usage: 'ID --confirm NAME',
    about: 'deletes a workspace with all that belongs to it; its members get a mail',
    words: 1,
    options: { confirm: true },
    run: remove,
  },
  'make-workspace': {
    usage: 'EMAIL NAME',
    about: 'makes a workspace for somebody who has an account, as its owner',
    words: 2,
    run: make,
  },
}
