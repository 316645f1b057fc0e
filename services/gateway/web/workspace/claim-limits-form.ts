// The form for how long claims last and how many an agent may have, on the page of a workspace.
import { html } from 'hono/html'
import type { ClaimLimit, ClaimLimits } from '../../../../shared/contracts/define/claim-limits.ts'
import type { Caller } from '../../../../shared/contracts/define/contract.ts'
import {
  boundsOf,
  LIMIT_FIELDS,
  LIMIT_NAMES,
  readLimits,
  shownLimit,
} from '../../accounts/claim-limit-rules.ts'
import { saveWorkspace } from '../../accounts/workspaces.ts'
import type { Deps } from '../../deps.ts'
import type { Html } from '../layout.ts'
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
  set: ClaimLimits | undefined,
  typed: LimitsTyped | undefined,
  fault: Fault | undefined,
): Html => html`<section class="card" aria-labelledby="claims">
    <h2 id="claims">Work in progress</h2>
    <p class="small">An agent that takes a task has it for a while, and longer each time that it reports. Then the task goes to the next. A named agent gives its calls the same <code>agent</code>. An access token may have a number of its own.</p>
    <form method="post" action="${CLAIM_LIMITS_PATH}">
      ${faultNote(fault)}
      ${LIMIT_NAMES.map((name) => {
        const { least, most } = boundsOf(name)
        const value = typed?.[name] ?? shownLimit(name, set)
        const { label } = LIMIT_FIELDS[name]
        return input(
          { name, label, type: 'number', value, autocomplete: 'off', min: least, max: most },
          fault,
        )
      })}
      <button>Save</button>
    </form>
  </section>`
