// What the documentation says that can be checked without running it: links, paths, commands, variables, settings to copy.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path/posix'
import { describe, expect, test } from 'vitest'
import { CONTRACTS } from '../../shared/contracts/index.ts'

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url)
const read = (path: string): string => readFileSync(at(path), 'utf8')
const DOCS = 'infra/docs'
const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'infra/examples/README.md',
  'infra/plugin/README.md',
  ...readdirSync(at(DOCS)).flatMap((name) => (name.endsWith('.md') ? [`${DOCS}/${name}`] : [])),
]
const README = read('README.md')
/** Files that an operator makes. */
const MADE_LATER = ['infra/.env', 'infra/nats-users/', 'infra/nats-users/subscribers.conf']
/** A newcomer decides on one screen; the rest is in infra/docs. */
const README_BYTES = 12 * 1024

const all = (pattern: RegExp, text: string): string[] => [
  ...new Set([...text.matchAll(pattern)].map(([, found]) => found ?? '')),
]
const deployment = read(`${DOCS}/deployment.md`)
const block = (language: string, holding: string): string =>
  all(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'), deployment).find((text) =>
    text.includes(holding),
  ) ?? ''
const SCRIPTS = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts)

/** A page's headings as GitHub makes anchors of them. */
const anchorsOf = (page: string): string[] =>
  all(/^#+ (.+)$/gm, read(page)).map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\d _-]/gu, '')
      .replaceAll(' ', '-'),
  )

describe.each(PAGES)('%s', (page) => {
  const text = read(page)
  const links = all(/\]\((?!https?:)([^)\s]+)\)/g, text)

  test('links to what exists', () => {
    const missing = links.filter((link) => {
      const [path, anchor] = link.split('#')
      const target = path ? join(dirname(page), path) : page
      return !existsSync(at(target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor))
    })
    expect(missing, 'mend these links, or write what they lead to').toEqual([])
  })

  test('names paths that exist', () => {
    const paths = all(/`((?:services|shared|infra|test)\/[\w./-]+)`/g, text)
    expect(
      paths.filter((path) => !MADE_LATER.includes(path) && !existsSync(at(path))),
      'name them as they are called now; what an operator makes belongs in MADE_LATER',
    ).toEqual([])
  })

  test('names commands that exist', () => {
    expect(all(/npm run (?:--silent )?([\w:-]+)/g, text).filter((name) => !SCRIPTS.includes(name))).toEqual(
      [],
    )
  })
})

describe('the README', () => {
  test('fits on a screen', () => {
    expect(
      Buffer.byteLength(README),
      `bytes, at most ${README_BYTES}: move to infra/docs what a newcomer does not need`,
    ).toBeLessThanOrEqual(README_BYTES)
  })

  test('leads to every other page', () => {
    const pages = readdirSync(at(DOCS)).filter((name) => name.endsWith('.md'))
    expect(pages.length).toBeGreaterThan(5)
    expect(
      pages.filter((name) => !README.includes(`(${DOCS}/${name})`)),
      'link to these pages in README.md',
    ).toEqual([])
  })

  test('names every command of package.json', () => {
    const named = all(/^\| `npm (?:run )?([\w:-]+)` \|/gm, README)
    expect(named.toSorted(), 'name each command in the table of README.md').toEqual(SCRIPTS.toSorted())
  })

  test('gives settings of clients that can be parsed', () => {
    const settings = all(/`(?:[^`]*')?(\{"[^`]*\})'?`/g, README)
    expect(settings).toHaveLength(2)
    for (const setting of settings)
      expect(JSON.stringify(JSON.parse(setting))).toContain('http://localhost:4000/mcp')
  })
})

test('the map of the code has every part of the test folder', () => {
  const row = /^\| `test\/` (.*)$/m.exec(read(`${DOCS}/architecture.md`))?.[1] ?? ''
  const parts = readdirSync(at('test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['support', 'node_modules'].includes(entry.name))
    .map(({ name }) => name)
  expect(all(/`(\w+)\/`/g, row).toSorted(), `the row of test/ in ${DOCS}/architecture.md`).toEqual(
    parts.toSorted(),
  )
})

describe('the secrets that the deployment page makes', () => {
  const made = all(/^([A-Z_]+)=/gm, block('sh', 'infra/.env'))

  test('are those that compose.yaml needs', () => {
    const needed = all(/\$\{([A-Z_]+)(?::\?[^}]*)?\}/g, read('infra/compose.yaml'))
    const derived = CONTRACTS.map(({ name }) => `${name.replaceAll('-', '_').toUpperCase()}_SECRET`)
    expect(block('sh', 'infra/.env')).toContain('infra/keys.ts service-secrets >> infra/.env')
    expect(
      [...made, ...derived].toSorted(),
      `the block of infra/.env in ${DOCS}/deployment.md makes what infra/compose.yaml needs`,
    ).toEqual(needed.toSorted())
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
