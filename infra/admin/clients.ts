// The operator's commands about clients: registering one by hand, so that registration can be off, and removing one.

import { register } from '../../services/gateway/oauth/clients.ts'
import type { Client, Grant } from '../../services/gateway/oauth/model.ts'
import { oauthError } from '../../services/gateway/oauth/refusals.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { lookInto } from '../../shared/storage/collection.ts'
import { auditedCommand } from './recording.ts'
import { type AdminCommand, AdminMistake, SHOWN, sayRows, type World } from './world.ts'

/** The longest id that is looked for (characters): one may be the address of a document. */
const ID_CHARS = 2_000

const clientLine = ({ _id, name, auth_method, redirect_uris, preregistered }: Client): string => {
  const by = preregistered ? 'registered by the operator' : 'registered by itself'
  return `${_id}  ${name}  ${by}, ${auth_method}  ${redirect_uris.join(' ')}`
}

const list: AdminCommand['run'] = async ({ db, deps }, _, say) => {
  const { collection, read } = lookInto<Client>(db, 'clients')
  const found = await collection
    .find({ expires_at: { $gt: deps.clock.now() } })
    .sort({ _id: 1 })
    .limit(SHOWN + 1)
    .toArray()
  sayRows(found.map(read).map(clientLine), say)
  if (found.length === 0) say('There are no clients yet.')
  return 0
}

const add: AdminCommand['run'] = async (world, { words, options }, say) => {
  const { redirect } = options
  if (typeof redirect !== 'string')
    throw new AdminMistake(
      'Say where the client gets its codes: --redirect URI, or several with commas in between.',
    )
  const [name = ''] = words
  const asked = {
    client_name: name,
    redirect_uris: redirect.split(',').map((uri) => uri.trim()),
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: options.public === true ? 'none' : 'client_secret_basic',
  }
  const made = await auditedCommand(world, 'add-client', { target: { name }, ws: [] }, async () => {
    const ruled = await register(world.deps, asked, { invited: true, operator: true })
    if (ruled.ok) return ruled.value
    throw new AppError('invalid_argument', oauthError(ruled.reason).error_description)
  })
  const { client_id, client_secret } = made
  say(`Registered ${name}. It is kept until npm run admin -- remove-client removes it.`)
  say(`client_id=${client_id}`)
  if (client_secret === undefined) say('It has no secret: it proves itself by PKCE alone.')
  else say(`client_secret=${client_secret}\nThe secret is shown this once.`)
  return 0
}

/** Ends what a client was allowed, in every workspace. @returns in how many. */
const endGrants = async ({ db, deps }: World, id: string): Promise<number> => {
  const { collection } = lookInto<Grant>(db, 'grants')
  const workspaces = await collection.distinct('ws', { client_id: id, revoked: null })
  for (const ws of workspaces) await deps.store.grants.revokeClient(ws, id, deps.clock.now())
  return workspaces.length
}

const remove: AdminCommand['run'] = async (world, { words }, say) => {
  const [id = ''] = words
  const { store, clock } = world.deps
  const client = id.length > ID_CHARS ? null : await store.clients.find(id, clock.now())
  if (!client) throw new AdminMistake(`There is no client ${id}: npm run admin -- clients lists them.`)
  const target = { client_id: id, name: client.name }
  const ended = await auditedCommand(world, 'remove-client', { target, ws: [] }, async () => {
    // Removed first, so that it is allowed nothing more while the rest ends.
    await store.clients.remove(id)
    return endGrants(world, id)
  })
  say(`Removed ${client.name}. Its connections ended in ${ended} workspaces.`)
  if (id.startsWith('https:'))
    say('It is described by a document and may come back: owners block it in their workspace.')
  return 0
}

/** The commands by name. */
export const CLIENT_COMMANDS: Readonly<Record<string, AdminCommand>> = {
  clients: { usage: '', about: 'lists the clients that are registered', words: 0, run: list },
  'add-client': {
    usage: 'NAME --redirect URI[,URI] [--public]',
    about: 'registers a client, so that CLIENT_REGISTRATION can be off; --public: without a secret',
    words: 1,
    options: { redirect: true, public: false },
    run: add,
  },
  'remove-client': {
    usage: 'ID',
    about: 'removes a client, and ends its connections in every workspace',
    words: 1,
    run: remove,
  },
}
