// The page about mails names every mail and every language that there is.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MAILS } from '../../../services/notifier/mails.ts'
import { LANGUAGES } from '../../../shared/contracts/define/language.ts'

const page = readFileSync(new URL('../../../infra/docs/operations.md', import.meta.url), 'utf8')
const section = page.slice(page.indexOf('\n## Mail\n'))

test('each_mail_has_its_row', () => {
  const rows = [...section.matchAll(/^\| ([^|]+) \| [^|]+ \| [^|]+ \|$/gm)].map(([, name]) => name)
  const titles = Object.values(MAILS).map(({ title }) => title(null).replace(/: $/, ''))
  expect(rows.slice(2).toSorted()).toEqual(titles.toSorted())
})
test('the_languages_are_named', () => {
  const nameOf = new Intl.DisplayNames('en', { type: 'language' })
  const names = Object.keys(LANGUAGES).map((language) => nameOf.of(language))
  expect(section).toContain(`The mails are in ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`)
})
