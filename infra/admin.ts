// `npm run admin`: what operators do when nobody can sign in and no mail goes out. Every change is in the audit log.
import { parseArgs } from 'node:util'
import { AUDIT_COMMANDS } from './admin/audit.ts'
import { CLIENT_COMMANDS } from './admin/clients.ts'
import { PEOPLE_COMMANDS } from './admin/people.ts'
import { WORKSPACE_COMMANDS } from './admin/workspaces.ts'
import { type AdminCommand, AdminMistake, type Asked, withWorld } from './admin/world.ts'
import { messageOf } from './report.ts'
import { runCommand } from './running.ts'

/** Every command: a group is a file in admin/. */
const COMMANDS: Readonly<Record<string, AdminCommand>> = {
  ...PEOPLE_COMMANDS,
  ...WORKSPACE_COMMANDS,
  ...CLIENT_COMMANDS,
  ...AUDIT_COMMANDS,
}

const usageOf = (): string => {
  const lines = Object.entries(COMMANDS).map(([name, { usage, about }]) =>
    `npm run admin -- ${name} ${usage}`.trimEnd().concat(`\n    ${about}`),
  )
  return `${lines.join('\n')}\n\nThe commands use the servers that npm start runs with this DATA_DIR, or those of MONGODB_URL and LOOPS_SECRET.`
}

/** @throws AdminMistake for a word or an option that the command does not know. */
const readAsked = (name: string, { words, options = {}, usage }: AdminCommand, args: string[]): Asked => {
  const known = Object.entries(options).map(
    ([option, valued]) => [option, { type: valued ? ('string' as const) : ('boolean' as const) }] as const,
  )
  const say = `Say: npm run admin -- ${name} ${usage}`.trimEnd()
  try {
    const { values, positionals } = parseArgs({
      args,
      options: Object.fromEntries(known),
      allowPositionals: true,
    })
    if (positionals.length !== words) throw new AdminMistake(say)
    return { words: positionals, options: values as Asked['options'] }
  } catch (error) {
    throw error instanceof AdminMistake ? error : new AdminMistake(`${messageOf(error)}. ${say}`)
  }
}

const mistaken = (sentence: string): number => {
  process.stderr.write(`${sentence}\n`)
  return 2
}

await runCommand(async () => {
  const [name, ...args] = process.argv.slice(2)
  if (name === undefined) return mistaken(usageOf())
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) return mistaken(`There is no command ${name}.\n\n${usageOf()}`)
  const say = (line: string): void => void process.stdout.write(`${line}\n`)
  try {
    const asked = readAsked(name, command, args)
    return await withWorld((world) => command.run(world, asked, say))
  } catch (error) {
    if (error instanceof AdminMistake) return mistaken(error.message)
    throw error
  }
})
