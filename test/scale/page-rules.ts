// The generated parts of infra/docs/scaling-model.md, between markers, from a file of costs. Pure.
import { calibrationTable } from './calibration-rules.ts'
import type { Costs } from './costs-rules.ts'
import { PRICES } from './prices.ts'
import { SCENARIOS, type Scenario } from './scenarios-rules.ts'
import { costTable, priceTable, scenarioTable } from './table-rules.ts'

/** Each part by its name. The same costs give the same text. */
export const pageParts = (
  costs: Costs,
  scenarios: readonly Scenario[] = SCENARIOS,
): Readonly<Record<string, string>> => ({
  scenarios: scenarioTable(costs, scenarios),
  prices: [
    priceTable(costs),
    '',
    ...Object.values(PRICES).map(
      ({ usd, unit, source, dated }) => `- $${usd} for a ${unit}: ${source}, ${dated}`,
    ),
  ].join('\n'),
  costs: [`Measured on ${costs.measured.on} on ${costs.measured.machine}.`, '', costTable(costs)].join('\n'),
  calibration: costs.calibration
    ? [
        `Run on ${costs.calibration.on} on ${costs.calibration.machine}.`,
        '',
        calibrationTable(costs.calibration.rows),
      ].join('\n')
    : 'It was not held against real runs yet.',
})

const between = (name: string): RegExp => new RegExp(`(<!-- ${name}:begin -->\n)[^]*?(<!-- ${name}:end -->)`)

/**
 * The page with each part between its markers.
 * @throws Error if a pair of markers is missing
 */
export const fillPage = (text: string, parts: Readonly<Record<string, string>>): string =>
  Object.entries(parts).reduce((filled, [name, part]) => {
    if (!between(name).test(filled)) throw new Error(`The page has no markers ${name}:begin and ${name}:end.`)
    return filled.replace(between(name), (_, begin: string, end: string) => `${begin}\n${part}\n\n${end}`)
  }, text)
