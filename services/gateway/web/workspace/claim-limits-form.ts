// The form for how long claims last and how many an agent may have, on the page of a workspace.
import { html } from 'hono/html'
import type { ClaimLimit, ClaimLimits } from '../../../../shared/contracts/define/claim-limits.ts'
import type { Caller } from '../../../../shared/contracts/define/contract.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { boundsOf, LIMIT_NAMES, labelOf, readLimits, shownLimit } from '../../accounts/claim-limit-rules.ts'
import { saveWorkspace } from '../../accounts/workspaces.ts'
import type { Deps } from '../../deps.ts'
import type { Html } from '../layout.ts'
import { WORKSPACE } from '../messages/workspace.ts'
import { type Fault, faultNote, input } from '../posted-forms.ts'

/** Where the form is posted to. */
export const CLAIM_LIMITS_PATH = '/workspace/claims'

/** What somebody entered, as text. */
export type LimitsTyped = Readonly<Record<ClaimLimit, string>>

/** What a posted form says. */
export const limitsTyped = (form: URLSearchParams): LimitsTyped => ({
  default_ttl_seconds: form.get('default_ttl_seconds') ?? '',
  max_ttl_seconds: form.get('max_ttl_seconds') ?? '',
  max_claims: form.get('max_claims') ?? '',
  max_claims_per_agent: form.get('max_claims_per_agent') ?? '',
})

/**
 * Saves what somebody entered.
 * @throws AppError `forbidden`, `invalid_argument` with the field.
 */
export const saveLimits = (deps: Deps, caller: Caller, typed: LimitsTyped) =>
  saveWorkspace(deps, caller, { claim_limits: readLimits(typed) })

/** The form. @param typed what was entered, if it was refused. */
export const claimLimitsForm = (
  language: Language,
  set: ClaimLimits | undefined,
  typed: LimitsTyped | undefined,
  fault: Fault | undefined,
): Html => {
  const words = wordsOf(WORKSPACE, language)
  return html`<section class="card" aria-labelledby="claims">
    <h2 id="claims">${words.word('in_progress')}</h2>
    <p class="small">${words.pieces('in_progress_lead', { code: html`<code>${'agent'}</code>` })}</p>
    <form method="post" action="${CLAIM_LIMITS_PATH}">
      ${faultNote(fault, language)}
      ${LIMIT_NAMES.map((name) => {
        const { least, most } = boundsOf(name)
        const value = typed?.[name] ?? shownLimit(name, set)
        const label = labelOf(name, language)
        return input(
          { name, label, type: 'number', value, autocomplete: 'off', min: least, max: most },
          fault,
        )
      })}
      <button>${words.word('save')}</button>
    </form>
  </section>`
}
