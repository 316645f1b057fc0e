// The plugin for Claude Code: its files have the documented form, and name what exists.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { CONTRACTS } from '../../../shared/contracts/index.ts'

const ROOT = new URL('../../../infra/plugin/', import.meta.url)
const read = (path: string): unknown => JSON.parse(readFileSync(new URL(path, ROOT), 'utf8'))

const Name = z.string().regex(/^[a-z][a-z0-9-]*$/)
const Sentence = z.string().min(1).max(200)
const Author = z.strictObject({ name: z.string().min(1) })

/** https://code.claude.com/docs/en/plugins-reference and json.schemastore.org/claude-code-plugin-manifest.json */
const Manifest = z.strictObject({
  name: Name,
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  description: Sentence,
  author: Author,
  license: z.string(),
  keywords: z.array(z.string()),
  userConfig: z.record(
    z.string().regex(/^[A-Za-z_]\w*$/),
    z.strictObject({
      type: z.enum(['string', 'number', 'boolean', 'directory', 'file']),
      title: Sentence,
      description: Sentence,
      default: z.union([z.string(), z.number(), z.boolean()]).optional(),
      required: z.boolean().optional(),
      sensitive: z.boolean().optional(),
    }),
  ),
})

/** https://code.claude.com/docs/en/plugin-marketplaces and json.schemastore.org/claude-code-marketplace.json */
const Marketplace = z.strictObject({
  name: Name,
  description: Sentence,
  owner: Author,
  plugins: z
    .array(z.strictObject({ name: Name, source: z.string().startsWith('./'), description: Sentence }))
    .min(1),
})

/** https://code.claude.com/docs/en/mcp */
const Servers = z.strictObject({
  mcpServers: z.record(Name, z.strictObject({ type: z.literal('http'), url: z.string() })),
})

/** https://code.claude.com/docs/en/hooks: the hooks that this plugin has a use for. `timeout` is in seconds. */
const McpToolHook = z.strictObject({
  type: z.literal('mcp_tool'),
  server: z.string(),
  tool: z.string(),
  input: z.record(z.string(), z.unknown()).optional(),
  timeout: z.number().positive(),
})
const CommandHook = z.strictObject({
  type: z.literal('command'),
  command: z.string(),
  timeout: z.number().positive(),
})
const Hook = z.discriminatedUnion('type', [McpToolHook, CommandHook])
const Hooks = z.strictObject({
  description: Sentence,
  hooks: z.strictObject({
    // Takes no matcher.
    PostToolBatch: z.array(z.strictObject({ hooks: z.array(Hook).min(1) })),
    SessionStart: z.array(
      z.strictObject({
        matcher: z.string().regex(/^(startup|resume|clear|compact)(\|(startup|resume|clear|compact))*$/),
        hooks: z.array(Hook).min(1),
      }),
    ),
  }),
})

const manifest = Manifest.parse(read('.claude-plugin/plugin.json'))
const marketplace = Marketplace.parse(read('.claude-plugin/marketplace.json'))
const { mcpServers } = Servers.parse(read('.mcp.json'))
const { hooks } = Hooks.parse(read('hooks/hooks.json'))
const all = [...hooks.PostToolBatch, ...hooks.SessionStart].flatMap((group) => group.hooks)

const operations = new Map(CONTRACTS.flatMap((contract) => Object.entries(contract.operations)))
const inputOf = (tool: string): z.ZodObject | undefined => {
  const operation = operations.get(tool)
  return operation?.kind === 'tool' ? operation.input : undefined
}

describe('the plugin for Claude Code', () => {
  test('is listed by its own marketplace, with the version and licence of the product', () => {
    expect(marketplace.plugins.map(({ name }) => name)).toEqual([manifest.name])
    for (const { source } of marketplace.plugins)
      expect(existsSync(new URL(`${source}.claude-plugin/plugin.json`, ROOT))).toBe(true)
    const product = JSON.parse(readFileSync(new URL('../../package.json', ROOT), 'utf8'))
    expect(manifest).toMatchObject({ version: product.version, license: product.license })
  })

  test('connects to the address that its user gives, and to nothing else', () => {
    const named = Object.values(mcpServers).flatMap(({ url }) => /^\$\{user_config\.(\w+)\}$/.exec(url)?.[1])
    expect(named).toEqual(Object.keys(manifest.userConfig))
  })

  test.each(all.flatMap((hook) => (hook.type === 'mcp_tool' ? [hook] : [])))(
    'its hook calls $tool of its own server, with arguments that the tool takes',
    ({ server, tool, input = {} }) => {
      const servers = Object.keys(mcpServers).map((name) => `plugin:${manifest.name}:${name}`)
      expect(servers).toContain(server)
      expect(inputOf(tool)?.safeParse(input)).toMatchObject({ success: true })
    },
  )

  test.each(all.flatMap((hook) => (hook.type === 'command' ? [hook.command] : [])))(
    'says only what any shell prints as it stands, and names tools that exist: %s',
    (command) => {
      const [, said = ''] = /^echo '([A-Za-z0-9_ ,.:]+)'$/.exec(command) ?? []
      const named = said.match(/\w+_\w+/g) ?? []
      expect(named).not.toEqual([])
      expect(named.filter((tool) => !inputOf(tool))).toEqual([])
    },
  )
})
