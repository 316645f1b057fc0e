// What a subscriber may do on NATS, as text for the server's configuration. Pure.
import {
  eventFilter,
  eventSubject,
  everySubscriber,
  subscriberOperationsOf,
  subscriberSubject,
} from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { StartFault } from '../report.ts'

/** Another team's program that reads events. */
export type Subscriber = Readonly<{
  /** Also the name of its durable consumer, and part of its inbox prefix. */
  name: string
  /** The public half of its NKey; only the subscriber has the other half. */
  key: string
  /** The filter that the subjects of its events match. */
  filter: string
  /** ISO 8601, UTC. */
  added_at: string
}>

/** The JetStream domain through which subscribers reach the stream, which is in another account. */
export const SUBSCRIBERS_DOMAIN = 'loops'

const EVERY = eventSubject('*', '*.*', '*').split('.')
const NAME = /^[a-z][a-z0-9-]{1,31}$/
const ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** @throws StartFault if it cannot be the name of a subscriber */
export const checkName = (name: string): void => {
  if (!NAME.test(name))
    throw new StartFault(`${name} cannot be a name: use 2 to 32 of a-z, 0-9 and -, and begin with a letter.`)
  if (CONTRACTS.some((contract) => contract.name === name))
    throw new StartFault(`${name} is a service of Loops: choose another name.`)
}

const matches = (filter: readonly string[], subject: readonly string[]): boolean =>
  filter.every((token, index) => token === '*' || subject[index] === '*' || token === subject[index])

/**
 * Makes a subscriber's filter, with `>` expanded, so that no consumer can be wider.
 * @param events a filter such as `evt.tasks.>`; every event if absent
 * @param workspace the id of a workspace; every workspace if absent
 * @throws StartFault if no event would match
 */
export const filterFor = (events?: string, workspace?: string): string => {
  const parts = (events ?? EVERY.join('.')).split('.')
  const isOpen = parts.at(-1) === '>'
  const filter = isOpen ? [...parts.slice(0, -1), ...EVERY.slice(parts.length - 1)] : [...parts]
  if (workspace !== undefined && filter[EVERY.length - 1] === '*')
    filter[EVERY.length - 1] = workspace.toUpperCase()
  const published = CONTRACTS.flatMap(({ name, events }) =>
    Object.keys(events).map((event) => eventFilter(name, event).split('.')),
  )
  const isEvent = filter.length === EVERY.length && filter[0] === EVERY[0]
  if (!isEvent || !published.some((subject) => matches(filter, subject)))
    throw new StartFault(
      `No event is published on ${events}: filters are like ${eventFilter('<service>', '<noun>.<verb>')}; infra/docs/events.md lists the events.`,
    )
  const meant = filter[EVERY.length - 1] ?? ''
  const isOne = workspace === undefined || meant === workspace.toUpperCase()
  if (!isOne || !(ID.test(meant) || (meant === '*' && workspace === undefined)))
    throw new StartFault(
      `${workspace ?? meant} is not the id of one workspace: it has 26 letters and digits, and the page of the workspace shows it.`,
    )
  return filter.join('.')
}

const OPERATIONS = subscriberOperationsOf(CONTRACTS).map(({ name }) => name)

/** All that subscribers can reach: the API of the stream, and the operations that services offer them. */
const REACHED = [
  { subject: '$JS.API.INFO' },
  { subject: '$JS.API.CONSUMER.CREATE.EVENTS.>' },
  { subject: '$JS.API.CONSUMER.INFO.EVENTS.*' },
  { subject: '$JS.API.CONSUMER.MSG.NEXT.EVENTS.*', answers: 'stream' },
  // Acknowledgements, in the present form and in that of later servers (from 2.15), which has two more tokens.
  { subject: '$JS.ACK.EVENTS.>' },
  { subject: '$JS.ACK.*.*.EVENTS.>' },
  ...OPERATIONS.map((operation) => ({ subject: everySubscriber(operation) })),
] as const

const inDomain = (subject: string): string => subject.replace('$JS.API', `$JS.${SUBSCRIBERS_DOMAIN}.API`)

const exported = (): string[] =>
  REACHED.map(({ subject, ...one }) => {
    const answers = 'answers' in one ? `, response_type: ${one.answers}` : ''
    return `{ service: "${subject}"${answers}, accounts: [SUBSCRIBERS] }`
  })

const imported = (): string[] =>
  REACHED.map(({ subject }) => {
    const to = inDomain(subject)
    return `{ service: { account: LOOPS, subject: "${subject}" }${to === subject ? '' : `, to: "${to}"`} }`
  })

/**
 * The accounts of a server: one for Loops with its users, and one for the subscribers.
 * @param users the users of Loops, as text of the configuration
 * @param include the file with the subscribers' keys, relative to the folder of the configuration
 */
export const accountsText = (users: string, include: string): string => `accounts {
  LOOPS {
    jetstream: enabled
    users: [
      ${users}
    ]
    exports: [
      ${exported().join('\n      ')}
    ]
  }
  SUBSCRIBERS {
    imports: [
      ${imported().join('\n      ')}
    ]
    include ${include}
  }
}
`

/** A subscriber may create its own durable consumer, read and acknowledge with it, and send requests, all within its filter. */
const permissionsOf = ({ name, filter }: Subscriber) => ({
  publish: [
    '$JS.API.INFO',
    `$JS.API.CONSUMER.CREATE.EVENTS.${name}.${filter}`,
    `$JS.API.CONSUMER.INFO.EVENTS.${name}`,
    `$JS.API.CONSUMER.MSG.NEXT.EVENTS.${name}`,
    `$JS.ACK.EVENTS.${name}.>`,
    `$JS.ACK.*.*.EVENTS.${name}.>`,
  ]
    .map(inDomain)
    .concat(OPERATIONS.map((operation) => subscriberSubject(operation, name, filter))),
  subscribe: [`_INBOX.${name}.>`],
})

/** The text of the file with the subscribers' keys that servers include. JSON is valid in their configuration. */
export const subscribersConf = (subscribers: readonly Subscriber[]): string => {
  const users = subscribers.map((one) => ({ nkey: one.key, permissions: permissionsOf(one) }))
  return `# Written by npm run subscriber; do not edit.\nusers: ${JSON.stringify(users, null, 2)}\n`
}
