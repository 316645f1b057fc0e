// What the README says that can be checked without running it: paths, commands, variables, settings to copy.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CONTRACTS } from '../../shared/contracts/index.ts'

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url)
const read = (path: string): string => readFileSync(at(path), 'utf8')
const README = read('README.md')

const all = (pattern: RegExp, text: string): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found]) => found ?? '')),
]
const block = (language: string, holding: string): string =>
  all(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'), README).find((text) => text.includes(holding)) ??
  ''

describe('the README', () => {
  test('links to files that exist', () => {
    const links = all(/\]\((?!https?:|#)([^)]+)\)/g, README)
    expect(links.length).toBeGreaterThan(3)
    expect(links.filter((link) => !existsSync(at(link)))).toEqual([])
  })

  test('links to headings that exist', () => {
    const headings = all(/^#+ (.+)$/gm, README).map((heading) => heading.toLowerCase().replaceAll(' ', '-'))
    expect(all(/\]\(#([^)]+)\)/g, README).filter((anchor) => !headings.includes(anchor))).toEqual([])
  })

  test('maps paths that exist', () => {
    const paths = all(/`((?:services|shared|infra|test)\/[\w./-]+)`/g, README)
    expect(paths.length).toBeGreaterThan(12)
    expect(paths.filter((path) => !path.includes('<') && !existsSync(at(path)))).toEqual([])
  })

  test('maps every part of the test folder', () => {
    const row = /^\| `test\/` (.*)$/m.exec(README)?.[1] ?? ''
    const parts = readdirSync(at('test'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !['support', 'node_modules'].includes(entry.name))
      .map(({ name }) => name)
    expect(all(/`(\w+)\/`/g, row).toSorted()).toEqual(parts.toSorted())
  })

  test('names every command of package.json', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)
    const named = all(/^\| `npm (?:run )?([\w:-]+)` \|/gm, README)
    expect(named.toSorted()).toEqual(scripts.toSorted())
  })

  test('gives settings of clients that can be parsed', () => {
    const settings = all(/`(?:[^`]*')?(\{"[^`]*\})'?`/g, README)
    expect(settings).toHaveLength(2)
    for (const setting of settings)
      expect(JSON.stringify(JSON.parse(setting))).toContain('http://localhost:4000/mcp')
  })
})

describe('the secrets that the README makes', () => {
  const made = all(/^([A-Z_]+)=/gm, block('sh', 'infra/.env'))

  test('are those that compose.yaml needs', () => {
    const needed = all(/\$\{([A-Z_]+)(?::\?[^}]*)?\}/g, read('infra/compose.yaml'))
    const derived = CONTRACTS.map(({ name }) => `${name.replaceAll('-', '_').toUpperCase()}_SECRET`)
    expect(block('sh', 'infra/.env')).toContain('infra/keys.ts service-secrets >> infra/.env')
    expect([...made, ...derived].toSorted()).toEqual(needed.toSorted())
  })

  test('hold those that nats.conf and mongo-init.js need', () => {
    const users = all(/password: \$([A-Z_]+)/g, read('infra/nats.conf'))
    expect(users.filter((name) => !made.includes(name))).toEqual([])
    const databases = all(/pwd: ([A-Z_]+),/g, read('infra/mongo-init.js')).filter(
      (name) => name !== 'OPERATOR_PASSWORD',
    )
    expect(databases).toHaveLength(CONTRACTS.length)
    expect(databases.filter((name) => !made.includes(name))).toEqual([])
  })

  test('begin with a letter where nats.conf reads them', () => {
    const users = all(/password: \$([A-Z_]+)/g, read('infra/nats.conf'))
    for (const name of users) expect(block('sh', 'infra/.env')).toContain(`${name}=p$(openssl`)
  })
})
