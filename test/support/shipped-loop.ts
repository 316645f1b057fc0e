// A shipped loop as its event describes it, valid by the contract; a test can change every field.
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'

/** The data of a `loop.shipped` event. */
export type ShippedLoop = ReturnType<(typeof loopsQueue.events)['loop.shipped']['data']['parse']>

const ID = '01JD3Z0000000000000000'

/** A fixed id from a number below 1,000. */
export const exampleId = (number: number): string => `${ID}${String(number).padStart(4, '0')}`

const line = (number: number, title: string, status: ShippedLoop['status'] | 'open' | 'in_progress') => ({
  task_id: exampleId(number),
  title,
  status,
})

/** A public loop with two shipped tasks and one unfinished; checked against the contract. */
export const shippedLoop = (changes: Partial<ShippedLoop> = {}): ShippedLoop =>
  loopsQueue.events['loop.shipped'].data.parse({
    loop_id: exampleId(1),
    name: 'Checkout that survives a flaky network',
    visibility: 'public',
    status: 'shipped',
    version: 4,
    by: { user_id: exampleId(2), name: 'Ana López', client: 'Claude Code' },
    description: 'Payments are retried with the same key, so that nobody pays twice.',
    shipped_at: '2026-11-22T14:03:00.000Z',
    member_ids: null,
    task_counts: { total: 3, open: 0, approved: 0, in_progress: 1, on_hold: 0, shipped: 2, rejected: 0 },
    shipped_tasks: [
      line(11, 'Retry the payment request', 'shipped'),
      line(12, 'Say clearly that a card was declined', 'shipped'),
    ],
    unfinished_tasks: [line(13, 'Apple Pay on iPad', 'in_progress')],
    unfinished_total: 1,
    ...changes,
  })
