// What the audit log says in words: every action, outcome and error has words of its own in each language.
import { expect, test } from 'vitest'
import { AUDIT_ACTIONS, AUDIT_OUTCOMES } from '../../../services/gateway/audit/audit-rules.ts'
import { AUDIT } from '../../../services/gateway/web/messages/audit.ts'
import { AUDIT_ACTION_NAMES } from '../../../services/gateway/web/messages/audit-actions.ts'
import { AUDIT_REASONS } from '../../../services/gateway/web/messages/audit-details.ts'
import { ERROR_CODES } from '../../../shared/contracts/define/errors.ts'
import { LANGUAGES, type Language } from '../../../shared/contracts/define/language.ts'

const languages = Object.keys(LANGUAGES) as Language[]

test.each(languages)('in_%s_each_action_outcome_and_error_has_words_of_its_own', (language) => {
  const names: Readonly<Record<string, string>> = AUDIT_ACTION_NAMES[language]
  expect(Object.keys(names).toSorted()).toEqual(AUDIT_ACTIONS.toSorted())
  for (const [code, name] of Object.entries(names)) expect(name, code).not.toMatch(/^$|[_.]/)
  expect(new Set(Object.values(names)).size).toBe(AUDIT_ACTIONS.length)
  for (const outcome of AUDIT_OUTCOMES) expect(AUDIT[language][outcome]).not.toBe('')
  expect(Object.keys(AUDIT_REASONS[language]).toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted())
})
