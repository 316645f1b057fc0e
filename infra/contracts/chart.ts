// The settings in infra/chart/values.schema.json, made from the declared variables.
import * as z from 'zod'
import { VARIABLES } from '../../shared/process/config.ts'

type Declared = Readonly<{ type: z.ZodType; about: string; secret?: true }>
type Schema = Readonly<Record<string, unknown>>

/** What the chart sets itself, or what only `npm start` reads. */
export const SET_BY_THE_CHART: readonly string[] = [
  'HOST',
  'PORT',
  'METRICS_HOST',
  'METRICS_PORT',
  'HEALTH_PORT',
  'DATA_DIR',
]

/** The names of the settings of `config`: all variables but secrets, those of tests, and those that the chart sets. */
export const chartSettings = (): readonly string[] =>
  Object.entries<Declared>(VARIABLES)
    .filter(([, { secret, about }]) => !secret && !about.startsWith('Tests only'))
    .map(([name]) => name)
    .filter((name) => !SET_BY_THE_CHART.includes(name))

const settingSchema = ({ type, about }: Declared): Schema => {
  const { $schema, ...schema } = z.toJSONSchema(type, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
  }) as Schema
  // People write numbers without quotes; the chart makes text of them.
  const kinds = schema.pattern === '^\\d+$' ? { type: ['string', 'integer'] } : {}
  return { description: `${about}.`, ...schema, ...kinds }
}

/**
 * The text of the schema with `config` made anew, in the one form in which it is kept.
 * @throws SyntaxError when the text is no JSON
 */
export const fillChartSchema = (text: string): string => {
  const schema = JSON.parse(text) as { properties: Record<string, Schema> }
  const all: Readonly<Record<string, Declared>> = VARIABLES
  const settings = chartSettings().flatMap((name) => {
    const declared = all[name]
    return declared ? [[name, settingSchema(declared)]] : []
  })
  schema.properties.config = {
    description: 'The settings of all services, by the names of their variables.',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(settings),
  }
  return `${JSON.stringify(schema, null, 2)}\n`
}
