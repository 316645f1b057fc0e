// The contracts as one JSON document, for teams that do not use TypeScript. Pure.
import * as z from 'zod'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { LIMITS, SCOPES } from '../../shared/contracts/define/common.ts'
import {
  type Contract,
  type EventDeclaration,
  eventFilter,
  eventSubject,
  type Operation,
  requestSubject,
  subscriberSubject,
} from '../../shared/contracts/define/contract.ts'
import { ERROR_CODES } from '../../shared/contracts/define/errors.ts'
import { inputSchema, outputSchema } from '../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { ExportLine } from '../../shared/imports/format-rules.ts'

const describeOperation = (service: string, name: string, operation: Operation) => ({
  kind: operation.kind,
  subject: requestSubject(service, name),
  ...(operation.kind === 'tool'
    ? {
        title: operation.title,
        scope: operation.scope,
        annotations: operation.annotations,
      }
    : {}),
  description: operation.description,
  errors: operation.errors,
  input: inputSchema(operation.input),
  output: outputSchema(operation.output),
})

const describeDirectEvent = (event: EventDeclaration) => ({
  description: event.description,
  entity: event.subject,
  data: outputSchema(event.data),
})

const describeEvent = (service: string, name: string, event: EventDeclaration) => ({
  subject: eventSubject(service, name, '<workspace id>'),
  filter: eventFilter(service, name),
  description: event.description,
  entity: event.subject,
  data: outputSchema(event.data),
})

const describeService = (contract: Contract) => ({
  version: contract.version,
  description: contract.description,
  operations: Object.fromEntries(
    Object.entries(contract.operations).map(([name, operation]) => [
      name,
      describeOperation(contract.name, name, operation),
    ]),
  ),
  ...(contract.forSubscribers
    ? {
        for_subscribers: Object.fromEntries(
          Object.entries(contract.forSubscribers).map(([name, { title, description, errors, ...one }]) => [
            name,
            {
              subject: subscriberSubject(name, '<subscriber>', '<filter>'),
              title,
              description,
              errors,
              input: inputSchema(one.input),
              output: outputSchema(one.output),
            },
          ]),
        ),
      }
    : {}),
  events: Object.fromEntries(
    Object.entries(contract.events).map(([name, event]) => [name, describeEvent(contract.name, name, event)]),
  ),
  ...(contract.directEvents
    ? {
        direct_events: Object.fromEntries(
          Object.entries(contract.directEvents).map(([name, event]) => [name, describeDirectEvent(event)]),
        ),
      }
    : {}),
})

/** The text of `infra/docs/export.schema.json`: the schema of each line of an export. */
export const exportSchema = (): string =>
  `${JSON.stringify(
    { title: 'A line of an export of Loops', ...z.toJSONSchema(ExportLine, { io: 'input' }) },
    null,
    2,
  )}\n`

/** The text of `infra/contracts.json`. It keeps the order of the declarations, so that diffs stay small. */
export const contractsDocument = (contracts: readonly Contract[] = CONTRACTS): string =>
  `${JSON.stringify(
    {
      scopes: SCOPES,
      errors: ERROR_CODES,
      limits: LIMITS,
      envelope: outputSchema(CloudEvent),
      services: Object.fromEntries(contracts.map((contract) => [contract.name, describeService(contract)])),
    },
    null,
    2,
  )}\n`
