// The users of infra/nats.conf, each with what its service needs by the contracts and nothing else. Knows no file.
import {
  askersOf,
  type Contract,
  consumedSubjects,
  everyEventOf,
  everySubscriber,
  requestSubject,
  subscriberOperationsOf,
} from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'

const BEGIN = '      # The users, written by npm run contracts from what the contracts say.'
const END = '      # The end of the users.'

const EVENTS = 'EVENTS'
const ADVISORIES = 'EVENT_ADVISORIES'

type User = Readonly<{
  name: string
  about: string
  publish: readonly string[]
  subscribe: readonly string[]
  answers?: true
}>

/** The requests that a service may send. */
const requestsOf = (asking: string): readonly string[] =>
  CONTRACTS.flatMap(({ name, operations }) =>
    Object.entries(operations)
      .filter(([, operation]) => askersOf(operation).includes(asking))
      .map(([operation]) => requestSubject(name, operation)),
  )

/** Reading and acknowledging with one durable consumer that is there. */
const readingWith = (stream: string, durable: string): readonly string[] => [
  `$JS.API.CONSUMER.INFO.${stream}.${durable}`,
  `$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`,
  // Acknowledgements, in the form of today and in that of later servers, which put two more words in front.
  `$JS.ACK.${stream}.${durable}.>`,
  `$JS.ACK.*.*.${stream}.${durable}.>`,
]

const serviceUser = (contract: Contract): User => {
  const { name, events } = contract
  const reads = consumedSubjects(contract).length > 0
  return {
    name,
    about: contract.description,
    publish: [
      ...requestsOf(name),
      ...(Object.keys(events).length > 0 ? [everyEventOf(name)] : []),
      '$JS.API.INFO',
      `$JS.API.STREAM.INFO.${EVENTS}`,
      `$JS.API.DIRECT.GET.${EVENTS}`,
      ...(reads ? [...readingWith(EVENTS, name), ...readingWith(ADVISORIES, name)] : []),
    ],
    subscribe: [
      requestSubject(name, '>'),
      ...subscriberOperationsOf([contract]).map((one) => everySubscriber(one.name)),
      '$SRV.>',
      `_INBOX.${name}.>`,
    ],
    answers: true,
  }
}

const migrator: User = {
  name: 'migrator',
  about: 'Makes the streams and the consumers, and nothing else: it publishes nothing and reads nothing.',
  publish: [
    '$JS.API.INFO',
    ...[EVENTS, ADVISORIES].flatMap((stream) => [
      ...['INFO', 'CREATE', 'UPDATE'].map((what) => `$JS.API.STREAM.${what}.${stream}`),
      `$JS.API.CONSUMER.CREATE.${stream}.>`,
      `$JS.API.CONSUMER.DURABLE.CREATE.${stream}.*`,
      `$JS.API.CONSUMER.INFO.${stream}.*`,
    ]),
  ],
  subscribe: ['_INBOX.migrator.>'],
}

const operator: User = {
  name: 'operator',
  about:
    'Whoever looks after it all, with `npm run events`: sets consumers back in time, and can publish nothing and ask nobody.',
  publish: [
    '$JS.API.INFO',
    `$JS.API.STREAM.INFO.${EVENTS}`,
    `$JS.API.DIRECT.GET.${EVENTS}`,
    `$JS.API.CONSUMER.LIST.${EVENTS}`,
    `$JS.API.CONSUMER.INFO.${EVENTS}.*`,
    `$JS.API.CONSUMER.CREATE.${EVENTS}`,
    `$JS.API.CONSUMER.CREATE.${EVENTS}.>`,
    `$JS.API.CONSUMER.DURABLE.CREATE.${EVENTS}.*`,
    `$JS.API.CONSUMER.DELETE.${EVENTS}.*`,
    `$JS.API.CONSUMER.RESET.${EVENTS}.*`,
  ],
  subscribe: ['_INBOX.operator.>'],
}

const passwordOf = (user: string): string => `$${user.replaceAll('-', '_').toUpperCase()}_PASSWORD`

const written = ({ name, about, publish, subscribe, answers }: User): string =>
  [
    `# ${about}`,
    '{',
    `  user: ${name}`,
    `  password: ${passwordOf(name)}`,
    '  permissions: {',
    '    publish: [',
    ...publish.map((subject) => `      ${JSON.stringify(subject)}`),
    '    ]',
    `    subscribe: [ ${subscribe.map((subject) => JSON.stringify(subject)).join(', ')} ]`,
    ...(answers ? ['    allow_responses: true'] : []),
    '  }',
    '}',
  ]
    .map((line) => `      ${line}`)
    .join('\n')

/** The text of all users. */
export const natsUsers = (): string =>
  [...CONTRACTS.map(serviceUser), migrator, operator].map(written).join('\n')

/** The configuration with its users written anew between their marks. @throws Error when the marks are not there */
export const fillUsers = (conf: string): string => {
  const [begin, end] = [conf.indexOf(BEGIN), conf.indexOf(END)]
  if (begin < 0 || end < begin) throw new Error('infra/nats.conf has lost the marks around its users.')
  return `${conf.slice(0, begin)}${BEGIN}\n${natsUsers()}\n${conf.slice(end)}`
}
