// The generated parts of the documentation, and the pages that hold them between markers.

import { READING_RULES } from '../../shared/contracts/define/cloud-event.ts'
import { SCOPES } from '../../shared/contracts/define/common.ts'
import {
  type Contract,
  eventSubject,
  type Operation,
  type Tool,
} from '../../shared/contracts/define/contract.ts'
import { ERROR_CODES } from '../../shared/contracts/define/errors.ts'
import { inputSchema, type JsonSchema, outputSchema } from '../../shared/contracts/define/json-schema.ts'
import { EVENT_TYPES, type EventType } from '../../shared/contracts/event-types.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { describedEvents } from '../../shared/events/asyncapi.ts'
import { VARIABLES } from '../../shared/process/config.ts'
import { type Declared, LABELS, METRICS } from '../../shared/process/metrics-table.ts'
import { drawingsOf } from './rooms.ts'

type Property = Readonly<{
  enum?: readonly string[]
  default?: unknown
  anyOf?: readonly Property[]
}>

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n')

const firstSentence = (text: string): string => /^.*?\.(?=\s|$)/s.exec(text)?.[0] ?? text

const properties = (schema: JsonSchema): [string, Property][] =>
  Object.entries((schema.properties ?? {}) as Record<string, Property>)

const toolsOf = (contracts: readonly Contract[]): [string, Tool][] =>
  contracts
    .flatMap((contract): [string, Operation][] => Object.entries(contract.operations))
    .filter((entry): entry is [string, Tool] => entry[1].kind === 'tool')

const parameters = (schema: JsonSchema): string => {
  const required = (schema.required ?? []) as readonly string[]
  const shown = properties(schema).map(([name, property]) => {
    const words = property.enum ? `: ${property.enum.join(', ')}` : ''
    const fallback =
      property.default === undefined || property.default === '' ? '' : ` (default ${property.default})`
    return `${required.includes(name) ? `**\`${name}\`**` : `\`${name}\``}${words}${fallback}`
  })
  return shown.join('; ') || 'none'
}

const tools = (contracts: readonly Contract[]): string =>
  table(
    ['tool', 'parameters (**required**)', 'does', 'scope'],
    toolsOf(contracts).map(([name, tool]) => [
      `\`${name}\``,
      parameters(inputSchema(tool.input)),
      firstSentence(tool.description),
      `\`${tool.scope}\``,
    ]),
  )

const events = (contracts: readonly Contract[]): string =>
  table(
    ['event', 'subject', 'what happened', 'data'],
    contracts.flatMap((contract) =>
      Object.entries(contract.events).map(([name, event]) => [
        `\`${name}\``,
        `\`${eventSubject(contract.name, name, '<workspace id>')}\``,
        event.description,
        properties(outputSchema(event.data))
          .map(([member]) => `\`${member}\``)
          .join(', '),
      ]),
    ),
  )

const eventTypes = (): string =>
  table(
    ['event', 'told when', 'arguments', 'data'],
    Object.entries<EventType>(EVENT_TYPES).map(([name, type]) => [
      `\`${name}\``,
      type.description,
      parameters(inputSchema(type.arguments)),
      properties(outputSchema(type.payload))
        .map(([member]) => `\`${member}\``)
        .join(', '),
    ]),
  )

const configuration = (): string =>
  table(
    ['variable', 'default', 'meaning'],
    Object.entries(VARIABLES)
      .filter(([, variable]) => !('internal' in variable))
      .map(([name, variable]) => [
        `\`${name}\``,
        'fallback' in variable ? `\`${variable.fallback}\`` : '',
        `${variable.about}.`,
      ]),
  )

const metrics = (): string =>
  table(
    ['metric', 'type', 'labels', 'meaning'],
    Object.entries<Declared>(METRICS).map(([name, { type, labels, help, sampled }]) => [
      `\`${name}\``,
      sampled ? `${type}, of one replica` : type,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]),
  )

const labels = (): string =>
  table(
    ['label', 'values'],
    Object.entries(LABELS).map(([name, values]) => [`\`${name}\``, values]),
  )

const errors = (): string =>
  table(
    ['code', 'HTTP', 'retryable', 'meaning'],
    Object.entries(ERROR_CODES).map(([code, { http, retryable, meaning }]) => [
      `\`${code}\``,
      String(http),
      retryable ? 'yes' : 'no',
      meaning,
    ]),
  )

const scopes = (contracts: readonly Contract[]): string =>
  table(
    ['scope', 'what the consent page says', 'tools'],
    Object.entries(SCOPES).map(([scope, sentence]) => {
      const names = toolsOf(contracts)
        .filter(([, tool]) => tool.scope === scope)
        .map(([name]) => `\`${name}\``)
      return [`\`${scope}\``, sentence, names.join(', ') || 'statuses that begin work']
    }),
  )

const rules = (): string =>
  Object.values(READING_RULES)
    .map((rule) => `- ${rule}`)
    .join('\n')

const SHOWN_EVENT = 'task.updated'

const example = (contracts: readonly Contract[]): string => {
  const shown = describedEvents(contracts).find(({ name }) => name === SHOWN_EVENT)
  return `\`\`\`json\n${JSON.stringify(shown?.examples[0], null, 2)}\n\`\`\``
}

const records = (contracts: readonly Contract[]): string =>
  table(
    ['`type`', 'one record for each'],
    contracts.flatMap(({ events }) =>
      Object.entries(events).flatMap(([type, { record }]) => (record ? [[`\`${type}\``, record]] : [])),
    ),
  )

/** Every generated part, by the name in its markers. */
export const partsOf = (contracts: readonly Contract[] = CONTRACTS): Readonly<Record<string, string>> => ({
  tools: tools(contracts),
  events: events(contracts),
  event_types: eventTypes(),
  configuration: configuration(),
  metrics: metrics(),
  labels: labels(),
  errors: errors(),
  scopes: scopes(contracts),
  rules: rules(),
  example: example(contracts),
  records: records(contracts),
  ...drawingsOf(),
})

/** The parts of each page, by its path from the root. */
export const PAGES: Readonly<Record<string, readonly string[]>> = {
  'infra/docs/tools.md': ['tools', 'scopes', 'errors'],
  'infra/docs/events.md': ['rules', 'events', 'event_types'],
  'infra/docs/configuration.md': ['configuration'],
  'infra/docs/metrics.md': ['metrics', 'labels'],
  'infra/docs/architecture.md': ['rooms', 'gateway'],
  'infra/examples/README.md': ['rules', 'example', 'records'],
}

/** The parts of one page. @param name a key of PAGES */
export const partsOfPage = (
  name: string,
  contracts: readonly Contract[] = CONTRACTS,
): Readonly<Record<string, string>> => {
  const all = partsOf(contracts)
  return Object.fromEntries((PAGES[name] ?? []).map((part) => [part, all[part] ?? '']))
}

const between = (name: string): RegExp => new RegExp(`(<!-- ${name}:begin -->\n)[^]*?(<!-- ${name}:end -->)`)

/**
 * The text with each part between its markers, `<!-- name:begin -->` and `<!-- name:end -->`.
 * @throws Error if a pair of markers is missing: a part that no page shows would never be stale.
 */
export const fillTables = (text: string, tables: Readonly<Record<string, string>>): string =>
  Object.entries(tables).reduce((filled, [name, content]) => {
    if (!between(name).test(filled))
      throw new Error(`There are no lines <!-- ${name}:begin --> and <!-- ${name}:end -->.`)
    return filled.replace(between(name), (_, begin: string, end: string) => `${begin}\n${content}\n\n${end}`)
  }, text)

/** The names of the parts that the declarations have changed since. */
export const staleTables = (text: string, tables: Readonly<Record<string, string>>): string[] =>
  Object.keys(tables).filter((name) => {
    const content = tables[name] ?? ''
    return !between(name).test(text) || fillTables(text, { [name]: content }) !== text
  })
