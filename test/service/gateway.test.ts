// The gateway's answers on the bus, as the other services ask for them.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { openPeople, type People, type Someone } from '../support/people.ts'
import { ids, openEnvironment, type TestEnvironment } from '../support/service-environment.ts'

let env: TestEnvironment
let people: People
let workspace: Readonly<{ id: string; members: readonly Someone[] }>
let ann: Someone

beforeAll(async () => {
  env = await openEnvironment()
  await env.start('gateway', 2)
  people = await openPeople(env.mongodbUrl)
  const given = Array.from({ length: 12 }, (_, index) => ({ name: index === 0 ? 'Ann' : `Person ${index}` }))
  workspace = await people.workspace('Acme', given)
  ann = workspace.members[0] as Someone
  await people.workspace('Other', [{ name: 'Eve' }])
})
afterAll(async () => {
  await people?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

test('a_workspace_is_shown_with_its_members_and_the_caller', async () => {
  const seen = await env.as(gateway, ann.caller).get_workspace({})
  expect(seen.workspace).toMatchObject({ id: workspace.id, name: 'Acme', ai_context: '', version: 1 })
  expect(seen.you).toEqual({
    user_id: ann.id,
    name: 'Ann',
    role: 'owner',
    scopes: ['loops:read', 'loops:write', 'loops:approve'],
  })
  expect(seen.members_total).toBe(12)
  expect(seen.members.map(({ name }) => name).sort()).toEqual(
    workspace.members.map(({ name }) => name).sort(),
  )
  expect(JSON.stringify(seen)).not.toContain('@example.com')
})

test('a_workspace_that_never_existed_is_not_found', async () => {
  const call = env.as(gateway, null).get_workspace_context({ workspace_id: ids.next() })
  await expect(call).rejects.toMatchObject({ code: 'not_found' })
})

describe('members', () => {
  test('pages_hold_each_member_once', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await env.as(gateway, null).list_members({ workspace_id: workspace.id, limit: 5, cursor })
      expect(page.members.length).toBeLessThanOrEqual(5)
      seen.push(...page.members.map(({ email }) => email))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(seen.sort()).toEqual(workspace.members.map(({ email }) => email).sort())
  })
  test('members_have_the_time_zone_of_the_requesting_workspace', async () => {
    const { id } = await people.workspace(
      'Zürich',
      [{ name: 'Zoë', email: 'zoe@example.com' }],
      'Europe/Zurich',
    )
    const { members } = await env.as(gateway, null).list_members({ workspace_id: id })
    expect(members.map(({ time_zone }) => time_zone)).toEqual(['Europe/Zurich'])
  })
  test('only_named_people_who_are_members_are_returned', async () => {
    const [first, second] = workspace.members as [Someone, Someone]
    const { members, next_cursor } = await env.as(gateway, null).list_members({
      workspace_id: workspace.id,
      user_ids: [first.id, second.id, ids.next()],
    })
    expect(members.map(({ user_id }) => user_id).sort()).toEqual([first.id, second.id].sort())
    expect(next_cursor).toBeNull()
  })
})

describe('an invitation', () => {
  const lookUp = (invitation_id: string) => env.as(gateway, null).get_invitation({ invitation_id })

  test('gives_its_mail_everything_it_shows', async () => {
    const id = await people.invite(ann, 'bo@example.com')
    const found = await lookUp(id)
    expect(found).toMatchObject({ email: 'bo@example.com', workspace_name: 'Acme', invited_by: 'Ann' })
    expect(found.url).toMatch(new RegExp(`/invitations/${id}\\.[A-Za-z0-9_-]{43}$`))
  })
  test('is_not_found_once_withdrawn', async () => {
    const id = await people.invite(ann, 'cy@example.com')
    await people.withdraw(ann, id)
    await expect(lookUp(id)).rejects.toMatchObject({ code: 'not_found' })
  })
})

test.each(['triage', 'organize', 'implement', 'manage'] as const)(
  'the_workflow_%s_has_its_text',
  async (workflow) => {
    const { instructions, title } = await env.as(gateway, ann.caller).get_workflow({ workflow })
    expect(title).not.toBe('')
    expect(instructions).toContain('get_workspace')
  },
)
