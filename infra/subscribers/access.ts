// What a subscriber may do on NATS, as text of the server's configuration. Knows no file and no key but public ones.
import {
  eventFilter,
  eventSubject,
  everySubscriber,
  subscriberOperationsOf,
  subscriberSubject,
} from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { StartFault } from '../report.ts'

/** Somebody outside Loops who reads events. */
export type Subscriber = Readonly<{
  /** Also the name of the durable consumer and the prefix of the inbox. */
  name: string
  /** The public half of an NKey; the other half is with the subscriber alone. */
  key: string
  /** The subject that the events must have. */
  filter: string
  /** ISO 8601, UTC. */
  added_at: string
}>

/** The JetStream domain by which subscribers reach the stream: it is in another account than they are. */
export const SUBSCRIBERS_DOMAIN = 'loops'

const EVERY = eventSubject('*', '*.*', '*').split('.')
const NAME = /^[a-z][a-z0-9-]{1,31}$/
const ID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/** @throws StartFault when it cannot be the name of a subscriber */
export const checkName = (name: string): void => {
  if (!NAME.test(name))
    throw new StartFault(`${name} cannot be a name: use 2 to 32 of a-z, 0-9 and -, and begin with a letter.`)
  if (CONTRACTS.some((contract) => contract.name === name))
    throw new StartFault(`${name} is a service of Loops: choose another name.`)
}

const matches = (filter: readonly string[], subject: readonly string[]): boolean =>
  filter.every((token, index) => token === '*' || subject[index] === '*' || token === subject[index])

/**
 * The one filter that says what a subscriber asked for, in full length, so that a consumer cannot be wider than it.
 * @param events a filter such as `evt.tasks.>`; every event when absent
 * @param workspace the id of the one workspace whose events are meant; every workspace when absent
 * @throws StartFault when no event would pass
 */
export const filterFor = (events?: string, workspace?: string): string => {
  const asked = (events ?? EVERY.join('.')).split('.')
  const open = asked.at(-1) === '>'
  const filter = open ? [...asked.slice(0, -1), ...EVERY.slice(asked.length - 1)] : [...asked]
  const place = filter[EVERY.length - 1] ?? ''
  if (workspace !== undefined && place === '*') filter[EVERY.length - 1] = workspace.toUpperCase()
  const told = CONTRACTS.flatMap(({ name, events }) =>
    Object.keys(events).map((event) => eventFilter(name, event).split('.')),
  )
  const isEvent = filter.length === EVERY.length && filter[0] === EVERY[0]
  if (!isEvent || !told.some((subject) => matches(filter, subject)))
    throw new StartFault(
      `No event is told on ${events}: filters are like ${eventFilter('<service>', '<noun>.<verb>')}; infra/docs/events.md lists the events.`,
    )
  const meant = filter[EVERY.length - 1] ?? ''
  const isOne = workspace === undefined || meant === workspace.toUpperCase()
  if (!isOne || !(ID.test(meant) || (meant === '*' && workspace === undefined)))
    throw new StartFault(
      `${workspace ?? meant} is not the id of one workspace: it has 26 letters and digits, and the page of the workspace shows it.`,
    )
  return filter.join('.')
}

const ASKED = subscriberOperationsOf(CONTRACTS).map(({ name }) => name)

/** What subscribers can reach at all: the stream's interface, what services answer to them, and how that is answered. */
const REACHED = [
  { subject: '$JS.API.INFO' },
  { subject: '$JS.API.CONSUMER.CREATE.EVENTS.>' },
  { subject: '$JS.API.CONSUMER.INFO.EVENTS.*' },
  { subject: '$JS.API.CONSUMER.MSG.NEXT.EVENTS.*', answers: 'stream' },
  // Acknowledgements, in the form of today and in that of later servers, which put two more words in front.
  { subject: '$JS.ACK.EVENTS.>' },
  { subject: '$JS.ACK.*.*.EVENTS.>' },
  ...ASKED.map((operation) => ({ subject: everySubscriber(operation) })),
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
 * The accounts of a server: Loops with its users, and the subscribers beside it.
 * @param users text of the users of Loops
 * @param include the file of the subscribers' keys, from the folder of the configuration
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

/** Its own durable consumer, no wider than its filter: make it, ask about it, read it, acknowledge. And to ask, within it. */
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
    .concat(ASKED.map((operation) => subscriberSubject(operation, name, filter))),
  subscribe: [`_INBOX.${name}.>`],
})

/** The file of the subscribers' keys, for the servers to include: JSON is a form of their configuration. */
export const subscribersConf = (subscribers: readonly Subscriber[]): string => {
  const users = subscribers.map((one) => ({ nkey: one.key, permissions: permissionsOf(one) }))
  return `# Written by npm run subscriber; do not edit.\nusers: ${JSON.stringify(users, null, 2)}\n`
}
