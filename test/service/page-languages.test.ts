// The pages of accounts and workspaces in the language of whoever looks: a stranger's browser says it, a person chose it.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LANGUAGES, type Language } from '../../shared/contracts/define/language.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { authorizationUrl, newPkce, REDIRECT, registerApp } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account

beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'webhooks'] })
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
})
afterAll(() => system?.[Symbol.asyncDispose]())

const open = async (path: string, accept_language?: string, init: RequestInit = {}) => {
  const headers = { accept: 'text/html', ...(accept_language ? { 'accept-language': accept_language } : {}) }
  const answer = await fetch(new URL(path, system.url), { redirect: 'manual', ...init, headers })
  return { vary: answer.headers.get('vary'), text: await answer.text() }
}

const speak = (language: Language) => ann.browser.submit('/account/reading', { language, time_zone: '' })

test.each([
  [undefined, 'en', 'ltr', '>Sign in</h1>'],
  ['it, nl;q=0.8', 'en', 'ltr', '>Sign in</h1>'],
  ['de-CH, fr;q=0.5', 'de', 'ltr', '>Anmelden</h1>'],
  ['it, fr-CA;q=0.9', 'fr', 'ltr', '>Se connecter</h1>'],
  ['es-MX', 'es', 'ltr', '>Iniciar sesión</h1>'],
  ['ar-EG', 'ar', 'rtl', '>تسجيل الدخول</h1>'],
])('a_stranger_whose_browser_prefers_%s_reads_%s', async (preferred, language, direction, heading) => {
  const { text, vary } = await open('/sign-in', preferred)
  expect(text).toContain(`<html lang="${language}" dir="${direction}">`)
  expect(text).toContain(heading)
  expect(vary).toBe('Accept-Language')
})

test.each([
  ['/', 'Für Menschen'],
  ['/sign-up', 'Dein Name'],
  ['/forgot', 'Passwort vergessen?'],
  ['/reset/nonsense', 'Dieser Link ist abgelaufen'],
  ['/invitations/nonsense', 'Diese Einladung wurde benutzt oder zurückgezogen'],
  ['/confirm/nonsense', 'Dieser Link ist abgelaufen'],
  ['/consent', 'Beginne noch einmal in der App'],
  ['/authorize', 'Die Anfrage dieser App ist ungültig'],
  ['/nowhere', 'Unter dieser Adresse gibt es nichts.'],
  ['/dev/mail', 'Gleich wieder da'],
])('%s_speaks_german_to_strangers', async (path, words) => {
  expect((await open(path, 'de')).text).toContain(words)
})

test('what_was_wrong_with_a_form_is_said_in_the_language_of_the_page', async () => {
  const body = new URLSearchParams({ email: 'nobody@example.com', password: 'a slip' })
  const { text } = await open('/sign-in', 'es', { method: 'POST', body })
  expect(text).toContain(
    '<p class="note bad" role="alert" id="fault">El correo o la contraseña no es correcto.</p>',
  )
})

test('what_only_a_service_says_is_marked_as_english', async () => {
  await speak('de')
  const { text } = await ann.browser.submit('/apps/01JDAAAAAAAAAAAAAAAAAAAAAA/disconnect', {})
  expect(text).toContain('<p role="alert" lang="en" dir="ltr">There is no connection')
})

const PAGES = [
  '/account',
  '/account/sessions',
  '/account/details',
  '/account/tokens',
  '/apps',
  '/workspace',
  '/workspace/service-accounts',
  '/workspace/webhooks',
]
const titleOf = (text: string): string => /<h1>(.*?)<\/h1>/.exec(text)?.[1] ?? ''

test('a_person_reads_the_language_that_they_chose_whatever_the_browser_says', async () => {
  const titles = new Map<string, Set<string>>(PAGES.map((path) => [path, new Set()]))
  for (const language of Object.keys(LANGUAGES) as Language[]) {
    await speak(language)
    for (const path of PAGES) {
      const { text, headers } = await ann.browser.open(path)
      expect(text).toMatch(new RegExp(`<html lang="${language}"`))
      expect(headers.get('vary')).toBeNull()
      titles.get(path)?.add(titleOf(text).replaceAll(/[\u2068\u2069]/g, ''))
    }
  }
  const { '/workspace': workspace, ...others } = Object.fromEntries(titles)
  expect([...(workspace ?? [])]).toEqual(['Acme'])
  // Webhooks are called so in four of the five.
  for (const [path, said] of Object.entries(others))
    expect(said.size, path).toBe(path.endsWith('webhooks') ? 2 : Object.keys(LANGUAGES).length)
})

test('consent_is_asked_in_the_language_of_the_person_scope_by_scope', async () => {
  await speak('fr')
  const app = await registerApp(system.url, { client_name: 'Robot', redirect_uris: [REDIRECT] })
  const asked = authorizationUrl(system.url, app, newPkce().challenge, {
    scope: 'loops:read loops:write loops:approve',
  })
  const { text } = await ann.browser.open(asked)
  expect(text).toContain('Laisser « Robot » travailler pour vous ?')
  for (const right of ['Voir l’espace de travail', 'Créer et modifier des tâches', 'Approuver des tâches'])
    expect(text).toContain(right)
  expect(text).toContain('value="loops:approve"')
})
