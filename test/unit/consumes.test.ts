// What each service says that it consumes is what it reacts to: its consumer, and its rights on NATS, are made of it.
import { expect, test } from 'vitest'
import { reactions as loopsQueueReactions } from '../../services/loops-queue/reactions.ts'
import { reactions as notifierReactions } from '../../services/notifier/reactions.ts'
import { reactions as tasksReactions } from '../../services/tasks/reactions.ts'
import { reactions as webhooksReactions } from '../../services/webhooks/reactions.ts'
import { consumedSubjects } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import type { Reaction } from '../../shared/events/reactions.ts'

/** The reactions of a service; nothing of what they do is done here. */
const reactionsOf = <D>(make: (deps: D) => readonly Reaction[]): readonly Reaction[] => make({} as D)

const REACTIONS: Readonly<Record<string, readonly Reaction[]>> = {
  'loops-queue': reactionsOf(loopsQueueReactions),
  notifier: reactionsOf(notifierReactions),
  tasks: reactionsOf(tasksReactions),
  webhooks: reactionsOf(webhooksReactions),
}

test.each(CONTRACTS.map((contract) => [contract.name, contract] as const))(
  '%s_consumes_what_it_reacts_to',
  (name, contract) => {
    const reacted = (REACTIONS[name] ?? []).map(({ filter }) => filter)
    expect([...consumedSubjects(contract)].toSorted()).toEqual(reacted.toSorted())
  },
)

test('consumed_events_are_declared', () => {
  for (const { consumes = {} } of CONTRACTS)
    for (const [service, names] of Object.entries(consumes)) {
      const events = CONTRACTS.find(({ name }) => name === service)?.events ?? {}
      expect(Object.keys(events)).toEqual(expect.arrayContaining([...names]))
    }
})
