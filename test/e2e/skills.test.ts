// The workflows as skills, read over HTTP by the SDK's own client of skills, which checks every digest and size.
import type { Client } from '@modelcontextprotocol/client'
import { SkillsClient } from '@modelcontextprotocol/client/ext/skills'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WORKFLOWS } from '../../shared/contracts/gateway/shapes.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.stop())

const uriOf = (name: string): string => `skill://loops/${name}/SKILL.md`

describe.each(['modern', 'legacy'] as const)('a client (%s) that knows skills', (era) => {
  let client: McpClient
  let skills: SkillsClient
  beforeAll(async () => {
    client = await agentOf(system, await signUp(system, { name: era, workspace: era }), { era })
    skills = new SkillsClient(client.raw as unknown as Client)
  })
  afterAll(() => client?.[Symbol.asyncDispose]())

  test('finds_each_workflow_and_reads_its_text', async () => {
    expect(skills.supported).toBe(true)
    const listed = (await skills.list()).skills
    expect(listed.map(({ uri }) => uri)).toEqual(WORKFLOWS.map(uriOf))
    for (const name of WORKFLOWS) {
      const { skill } = await skills.get(uriOf(name))
      expect(listed).toContainEqual(skill)
      expect(skill.frontmatter).toMatchObject({ name, description: expect.stringContaining('Loops') })
      const { instructions } = await client.call('get_workflow', { workflow: name })
      const { text } = await skills.read(skill)
      expect(text?.endsWith(`---\n\n${instructions}\n`)).toBe(true)
    }
  })

  test('is_told_when_there_is_no_such_skill_or_page', async () => {
    const invalid = { code: -32_602 }
    await expect(skills.get(uriOf('none'))).rejects.toMatchObject(invalid)
    await expect(skills.list({ cursor: 'x' })).rejects.toMatchObject(invalid)
    await expect(client.raw.readResource({ uri: uriOf('none') })).rejects.toMatchObject(invalid)
  })
})
