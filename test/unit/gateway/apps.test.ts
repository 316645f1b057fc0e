// The documents of the MCP Apps: small, whole in themselves, and the same in every language.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { APP_RESOURCES, appMeta, readApps } from '../../../services/gateway/mcp/apps.ts'
import { createCatalog } from '../../../services/gateway/mcp/catalog.ts'
import { APPS } from '../../../shared/contracts/define/contract.ts'
import { LANGUAGES } from '../../../shared/contracts/define/language.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { fileSize, functionSize } from '../../support/architecture/size.ts'
import { parseSource } from '../../support/architecture/source.ts'

const MAX_BYTES = 100_000
const FOLDER = join(import.meta.dirname, '../../../services/gateway/mcp/apps')
const APPS_URL = 'https://loops.example.com/apps?a=1&b="2"'

const documents = await readApps(APPS_URL)
/** The messages of each language, as its own file has them. */
const messages: [string, Record<string, string>][] = []
for (const language of Object.keys(LANGUAGES)) {
  const file = (await import(`../../../services/gateway/mcp/apps/messages/${language}.js`)) as Record<
    string,
    never
  >
  messages.push([language, file[language] ?? {}])
}
const [[, english] = ['', {}]] = messages
const scriptOf = (text: string): string => /<script type="module">\n([\s\S]*)<\/script>/.exec(text)?.[1] ?? ''

describe('every app', () => {
  test('is_shown_by_a_tool_and_read_at_the_address_that_the_tool_names', () => {
    const listed = createCatalog(CONTRACTS).listFor(['loops:read'])
    const named = listed.flatMap(({ name, _meta }) => (_meta?.ui ? [[name, _meta]] : []))
    expect(named).toEqual([
      ['list_tasks', appMeta('triage')],
      ['get_loop_queue', appMeta('queue')],
    ])
    expect([...documents.keys()]).toEqual(APPS.map((app) => appMeta(app).ui.resourceUri))
    expect(APP_RESOURCES.map(({ uri }) => uri)).toEqual([...documents.keys()])
  })

  test.each([...documents])('is_small_and_names_nothing_outside_itself (%s)', (_, text) => {
    expect(Buffer.byteLength(text)).toBeLessThan(MAX_BYTES)
    expect(text.match(/<script/g)).toHaveLength(1)
    expect(text.match(/<style/g)).toHaveLength(1)
    expect(text).not.toMatch(/<!--|\b(src|href|action)=|url\(|@import\s+['"]|\bimport\(|^(im|ex)port\b/m)
    expect(text).not.toMatch(
      /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|\bFunction\(|fetch\(|XMLHttp/,
    )
    expect(text).toContain('data-apps-url="https://loops.example.com/apps?a=1&amp;b=&quot;2&quot;"')
  })

  test.each([...documents])('is_one_script_in_which_no_name_is_given_twice (%s)', (_, text) => {
    const AsyncFunction = (async () => {}).constructor as new (body: string) => unknown
    expect(scriptOf(text)).toContain('connectHost')
    expect(() => new AsyncFunction(`'use strict'\n${scriptOf(text)}`)).not.toThrow()
  })
})

test.each(globSync('**/*.js', { cwd: FOLDER }))('%s_is_checked_and_no_longer_than_other_files', (path) => {
  const source = parseSource(path, readFileSync(join(FOLDER, path), 'utf8'))
  expect(source.text).toMatch(/^\/\/ @ts-check\n\/\/ [A-Z]/)
  expect([...fileSize(source), ...functionSize(source)]).toEqual([])
})

describe('the messages', () => {
  const placesIn = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).toSorted()

  test.each(messages)('have_the_same_places_in_%s', (_, own) => {
    expect(Object.keys(own).length).toBeGreaterThan(50)
    expect(Object.keys(own)).toEqual(Object.keys(english))
    for (const [name, text] of Object.entries(own)) {
      expect(text.trim(), name).not.toBe('')
      expect(placesIn(text), name).toEqual(placesIn(english[name] ?? ''))
    }
  })
})
