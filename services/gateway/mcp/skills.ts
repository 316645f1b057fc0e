// The workflows as skills (SEP-2640): what skills/list and skills/get answer, and the files that they name.
import { ProtocolError, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import {
  SKILLS_EXTENSION_ID,
  SKILLS_GET_METHOD,
  SKILLS_LIST_METHOD,
  type Skill,
  skillEntry,
} from '@modelcontextprotocol/server/ext/skills'
import * as z from 'zod'
import { WORKFLOWS } from '../../../shared/contracts/gateway/shapes.ts'
import { type WorkflowName, workflowText } from './workflows.ts'

/** What a server that serves skills declares among its capabilities. */
export const SKILLS_CAPABILITY = { [SKILLS_EXTENSION_ID]: {} } as const

const SKILL_FILE = 'SKILL.md'

/** A workflow as a `SKILL.md`. JSON strings are YAML, so that no text can leave its field. */
const skillMarkdown = (name: WorkflowName): string => {
  const { summary, instructions } = workflowText(name)
  const description = `${summary} For work that is kept in Loops.`
  return `---\nname: ${name}\ndescription: ${JSON.stringify(description)}\n---\n\n${instructions}\n`
}

/** The entry of each skill and the text of its only file, by URI: `skill://loops/<workflow>/SKILL.md`. */
export type Skills = ReadonlyMap<string, Readonly<{ skill: Skill; text: string }>>

/** Makes the skills from the workflows. Their texts never change, so once is enough. */
export const readSkills = async (): Promise<Skills> =>
  new Map(
    await Promise.all(
      WORKFLOWS.map(async (name) => {
        const text = skillMarkdown(name)
        const skill = await skillEntry(`loops/${name}`, { [SKILL_FILE]: text })
        return [skill.uri, { skill, text }] as const
      }),
    ),
  )

const CURSOR = z.object({ cursor: z.string().optional() }).optional()
const URI = z.object({ uri: z.string() })

/** Serves `skills/list` and `skills/get`, with how long a client may keep the answers. */
export const serveSkills = (
  server: Server,
  skills: Promise<Skills>,
  cache: Readonly<{ ttlMs: number; cacheScope: 'public' | 'private' }>,
): void => {
  server.setRequestHandler(SKILLS_LIST_METHOD, { params: CURSOR }, async (params) => {
    if (params?.cursor !== undefined)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'This cursor is not from this list. Begin again without a cursor.',
      )
    return { skills: [...(await skills).values()].map(({ skill }) => skill), ...cache }
  })
  server.setRequestHandler(SKILLS_GET_METHOD, { params: URI }, async ({ uri }) => {
    const found = (await skills).get(uri)
    if (!found)
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'There is no such skill. skills/list names them all.',
      )
    return { skill: found.skill, ...cache }
  })
}
