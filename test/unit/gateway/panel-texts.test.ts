// The pages that services declare say everything in each language.
import { expect, test } from 'vitest'
import type { Contract } from '../../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { panelTextFaults } from '../../support/panel-guards.ts'

const withPanel = CONTRACTS.filter(({ panel }) => panel)

test.each(withPanel.map((contract) => [contract.name, contract] as const))(
  '%s_says_everything_in_every_language',
  (_, contract) => {
    expect(panelTextFaults(contract)).toEqual([])
  },
)

test('a_text_that_is_missing_or_over_is_found', () => {
  const [contract] = withPanel as [Contract]
  const { texts: _, ...panel } = contract.panel as NonNullable<Contract['panel']>
  expect(panelTextFaults({ ...contract, panel })).toHaveLength(1)
  const none = { de: {}, fr: {}, es: {}, ar: { 'Nobody says this': 'لا يقوله أحد' } }
  const faults = panelTextFaults({ ...contract, panel: { ...panel, texts: none } })
  expect(faults).toContain(`“${panel.title}” is not in de: add it`)
  expect(faults).toContain('ar has “Nobody says this”, which no page says: remove it')
})
