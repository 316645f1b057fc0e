// What must hold for every declared page: what is wrong with one, and what to do. Pure.

import { fieldsOfAction, spaced } from '../../services/gateway/web/workspace/panel-view.ts'
import type { Contract, Operation } from '../../shared/contracts/define/contract.ts'
import { inputSchema, outputSchema } from '../../shared/contracts/define/json-schema.ts'
import type { PanelAction, PanelPage, PanelTexts } from '../../shared/contracts/define/panel.ts'

type Schema = Readonly<{
  type?: string
  enum?: readonly string[]
  items?: Schema
  properties?: Readonly<Record<string, Schema>>
}>

const membersOf = (schema: Schema | undefined): Readonly<Record<string, Schema>> => schema?.properties ?? {}
const inputOf = (operation: Operation): Readonly<Record<string, Schema>> =>
  membersOf(inputSchema(operation.input) as Schema)
const outputOf = (operation: Operation): Readonly<Record<string, Schema>> =>
  membersOf(outputSchema(operation.output) as Schema)

/** A text, one of some words, or several of them: all that the forms support. */
const canBeAsked = ({ type, enum: words, items }: Schema): boolean =>
  words !== undefined || type === 'string' || items?.enum !== undefined

type Members = Readonly<Record<string, Schema>>

const actionFaults = (contract: Contract, action: PanelAction, source: Members, inRow: boolean): string[] => {
  const { operation: name, from = {}, when, reveal, title } = action
  const operation = contract.operations[name]
  if (operation?.kind !== 'internal') return [`${name} is no internal operation of this contract`]
  const input = inputOf(operation)
  const asked = Object.entries(input).filter(([member]) => !Object.hasOwn(from, member))
  const faults = Object.entries(from).flatMap(([member, row]) => [
    ...(Object.hasOwn(input, member) ? [] : [`${name} takes no ${member}`]),
    ...(Object.hasOwn(source, row) ? [] : [`${row}, which ${name} is filled from, does not exist`]),
  ])
  for (const [member, schema] of asked)
    if (!canBeAsked(schema))
      faults.push(
        `no form can ask for ${member} of ${name}: forms ask for a text, one of some words, or some of them`,
      )
  if (inRow && asked.length > 0)
    faults.push(`the button ${name} leaves ${asked.map(([member]) => member)} unfilled: name it in from`)
  if (!inRow && asked.length > 0 && title === undefined)
    faults.push(`the form ${name} has no title: declare one`)
  if (reveal !== undefined && outputOf(operation)[reveal]?.type !== 'string')
    faults.push(`${name} answers no text ${reveal} to reveal`)
  for (const word of when?.is ?? [])
    if (!source[when?.member ?? '']?.enum?.includes(word))
      faults.push(`${name} is shown when ${when?.member} is ${word}, which it never is`)
  return faults
}

const pageFaults = (
  contract: Contract,
  page: PanelPage,
  from: Readonly<Record<string, string>>,
): string[] => {
  const { operation: name, rows, columns, about, actions, filter } = page.table
  const operation = contract.operations[name]
  if (operation?.kind !== 'internal') return [`${name} is no internal operation of this contract`]
  const [input, output] = [inputOf(operation), outputOf(operation)]
  const row = membersOf(output[rows]?.items)
  const faults = ['limit', 'cursor', ...Object.keys(from)]
    .filter((member) => !Object.hasOwn(input, member))
    .map((member) => `${name} takes no ${member}`)
  for (const member of ['next_cursor', ...(about === undefined ? [] : [about])])
    if (!Object.hasOwn(output, member)) faults.push(`${name} answers no ${member}`)
  if (filter && input[filter.member]?.enum === undefined)
    faults.push(`${name} takes no words as ${filter.member}`)
  for (const { member } of columns)
    if (!Object.hasOwn(row, member)) faults.push(`a row of ${name} has no ${member}`)
  const address = Object.fromEntries(Object.keys(from).map((member) => [member, {}]))
  return [
    ...faults,
    ...actions.flatMap((action) => actionFaults(contract, action, row, true)),
    ...page.actions.flatMap((action) => actionFaults(contract, action, address, false)),
  ]
}

/** All that a page says: what it declares, what its forms ask for, and the words of its rows and choices. */
const textsOf = (contract: Contract, page: PanelPage): string[] => {
  const { title, intro, table, actions } = page
  const declared = (name: string) => contract.operations[name] as Operation
  const row = membersOf(outputOf(declared(table.operation))[table.rows]?.items)
  const filtered = table.filter ? (inputOf(declared(table.operation))[table.filter.member]?.enum ?? []) : []
  const words = [...table.columns.flatMap(({ member }) => row[member]?.enum ?? []), ...filtered]
  const buttons = [...table.actions, ...actions]
  const asked = actions.flatMap((action) => fieldsOfAction(declared(action.operation), action))
  const texts = [
    title,
    intro,
    table.empty,
    table.filter?.label,
    ...table.columns.flatMap(({ heading, none }) => [heading, none]),
    ...buttons.flatMap((action) => [action.label, action.title, action.confirm, action.done]),
    ...asked.flatMap(({ label, hint }) => [label, hint]),
    ...[...words, ...asked.flatMap(({ options }) => options.filter((one) => !one.includes('.')))].map(spaced),
  ]
  return texts.filter((text) => text !== undefined && text !== '') as string[]
}

/** Texts that a language lacks, or has for nothing. */
const translationFaults = (texts: PanelTexts, said: ReadonlySet<string>): string[] =>
  Object.entries(texts).flatMap(([language, known]) => [
    ...[...said].filter((text) => !known[text]).map((text) => `“${text}” is not in ${language}: add it`),
    ...Object.keys(known)
      .filter((text) => !said.has(text))
      .map((text) => `${language} has “${text}”, which no page says: remove it`),
  ])

/** What is wrong with a contract's page, one phrase each. */
export const panelFaults = (contract: Contract): string[] => {
  const { panel } = contract
  if (!panel) return []
  const faults = pageFaults(contract, panel, {})
  const { detail } = panel
  if (!detail) return faults
  const listed = contract.operations[panel.table.operation]
  const row = listed ? membersOf(outputOf(listed)[panel.table.rows]?.items) : {}
  for (const member of Object.values(detail.from))
    if (!Object.hasOwn(row, member)) faults.push(`a row of ${panel.table.operation} has no ${member}`)
  return [...faults, ...pageFaults(contract, detail, detail.from)]
}

/** What is wrong with the translations of a contract's page. */
export const panelTextFaults = (contract: Contract): string[] => {
  const { panel } = contract
  if (!panel) return []
  const { texts, detail } = panel
  if (!texts) return [`the page of ${contract.name} is in English alone: declare its texts`]
  const ofDetail = detail ? [detail.label, ...textsOf(contract, detail)] : []
  return translationFaults(texts, new Set([...textsOf(contract, panel), ...ofDetail]))
}
