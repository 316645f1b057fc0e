// How people are written to: first in the language of their browser, then as they choose. Somebody without an account is
// written to in the language of whoever invites them.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, confirmAddress, mailWithLink, openBrowser, signUp } from '../support/accounts.ts'
import { type Mail, type System, startSystem } from '../support/system.ts'

let system: System
beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'notifier'] })
})
afterAll(() => system?.stop())

const choose = ({ browser }: Account, language: string, time_zone: string) =>
  browser.submit('/account/reading', { language, time_zone })
const choiceOf = async ({ browser }: Pick<Account, 'browser'>): Promise<string[]> => {
  const { text } = await browser.open('/account')
  return [...text.matchAll(/<option value="([^"]*)"[^>]* selected/g)].map(([, value = '']) => value)
}
const forgottenBy = async ({ email }: Pick<Account, 'email'>): Promise<Mail> => {
  await openBrowser(system.url).submit('/forgot', { email })
  return mailWithLink(system, email, 'reset')
}
const invitedBy = async ({ browser }: Account, email: string): Promise<Mail> => {
  await browser.submit('/workspace/invite', { email, role: 'member' })
  return mailWithLink(system, email, 'invitations')
}

test('a_new_reader_gets_the_language_of_their_browser', async () => {
  const email = 'brigitte@example.com'
  const fields = { name: 'Brigitte', email, password: 'seven green bicycles in a row', workspace: 'B' }
  const made = await fetch(`${system.url}/sign-up`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { 'accept-language': 'pt-BR, fr-CA;q=0.8, en;q=0.5' },
    redirect: 'manual',
  })
  expect(made.status).toBe(303)
  const { subject, html, text, headers } = await forgottenBy({ email })
  expect(subject).toBe('Choisissez un nouveau mot de passe pour Loops')
  expect(text).toContain('Bonjour Brigitte,')
  expect(html).toContain('<html lang="fr" dir="ltr"')
  expect(headers['content-language']).toBe('fr')
})

test('a_reader_gets_the_language_and_time_zone_they_choose', async () => {
  const carla = await signUp(system, { name: 'Carla' })
  expect(await choiceOf(carla)).toEqual(['en'])
  const saved = await choose(carla, 'es', 'America/Bogota')
  expect([saved.url.pathname, saved.text.includes('role="status"')]).toEqual(['/account', true])
  expect(await choiceOf(carla)).toEqual(['es', 'America/Bogota'])
  const { subject, text } = await forgottenBy(carla)
  expect(subject).toBe('Elige una contraseña nueva para Loops')
  expect(text).toMatch(/hasta el \d+ de \p{L}+ de \d{4} a las? \d+:\d\d GMT-5:/u)
  await choose(carla, 'es', '')
  expect(await choiceOf(carla)).toEqual(['es'])
})

test.each([
  ['tlh', 'UTC', 'languages in the list'],
  ['de', 'Mars/Olympus', 'time zones in the list'],
  ['', '', 'languages in the list'],
  ['__proto__', '', 'languages in the list'],
])('refused_when_there_is_none_such: %j in %j', async (language, time_zone, sentence) => {
  const dora = await signUp(system, { name: 'Dora' })
  const { status, text } = await choose(dora, language, time_zone)
  expect([status, text.includes(sentence)]).toEqual([400, true])
  expect(await choiceOf(dora)).toEqual(['en'])
})

test('an_invitation_is_in_the_language_of_its_reader_or_otherwise_of_its_sender', async () => {
  const [eva, farid] = [await signUp(system, { name: 'Eva' }), await signUp(system, { name: 'Farid' })]
  await confirmAddress(system, eva)
  await choose(eva, 'de', 'Europe/Berlin')
  await choose(farid, 'ar', 'Asia/Amman')
  const unknown = await invitedBy(eva, 'somebody.new@example.com')
  expect(unknown.subject).toBe('Eva lädt dich zu Eva’s workspace auf Loops ein')
  const known = await invitedBy(eva, farid.email)
  expect(known.subject).toContain('دعوة من')
  expect(known.html).toContain('<html lang="ar" dir="rtl"')
  expect(known.text).toContain('غرينتش+3')
})

test('a_person_chooses_only_for_themselves', async () => {
  const arrived = await openBrowser(system.url).submit('/account/reading', { language: 'de', time_zone: '' })
  expect(arrived.url.pathname).toBe('/sign-in')
})
