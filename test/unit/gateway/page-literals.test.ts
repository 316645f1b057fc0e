// No page says anything that is not among its messages: the templates of the pages hold no words of their own.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { literalsOf } from '../../support/page-literals.ts'

const FOLDER = join(import.meta.dirname, '../../../services/gateway/web')
/** Made once for everybody, and out of contracts, which are in English. */
const IN_ENGLISH = ['events/events-page.ts']

const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('messages/') && !IN_ENGLISH.includes(name))
  .toSorted()

test('pages_say_only_their_messages', () => {
  expect(files.length).toBeGreaterThan(70)
  const said = files.flatMap((name) =>
    literalsOf(name, readFileSync(join(FOLDER, name), 'utf8')).map((text) => `${name}: ${text}`),
  )
  expect(said).toEqual([])
})

/** What is found in an expression, in which `@` stands for a place. */
const found = (expression: string): string[] =>
  literalsOf('page.ts', `export const f = (a: string) => ${expression.replaceAll('@', '$' + '{a}')}`)

test.each([
  ['a_sentence', 'html`<p>Go to the queue</p>`'],
  ['a_word_beside_a_place', 'html`<p>@ loops of yours</p>`'],
  ['words_of_another_language', 'html`<p>Zurück</p>`'],
  ['words_inside_a_place', 'html`<p>` + (a ? html`<b>Yes</b>` : a)'],
  ['a_label_for_screen_readers', 'html`<nav aria-label="Main"></nav>`'],
  ['a_placeholder', 'html`<input placeholder="Search…">`'],
  ['a_title', "({ title: 'Your account' })"],
  ['a_label_of_an_input', "({ name: 'email', label: 'Email' })"],
  ['a_hint', "({ hint: 'An IANA name.' })"],
])('%s_is_found', (_, expression) => {
  expect(found(expression)).toHaveLength(1)
})

test.each([
  ['places_alone', 'html`<p class="lead">@: @ (@)</p>`'],
  ['an_attribute_of_the_browser', 'html`<div lang="en" dir="@" data-key="Enter"></div>`'],
  ['what_is_code', 'html`<code>npm start</code> <kbd>j</kbd>`'],
  ['the_name_of_the_product', 'html`<span>Loops</span> <title>@ · Loops</title>`'],
  ['what_is_no_template', 'a.replace("yes", `no @`)'],
  ['a_label_from_the_messages', "({ label: words.word('email') })"],
])('%s_are_no_words', (_, expression) => {
  expect(found(expression)).toEqual([])
})
