// Which faults of the database mean that it cannot answer now. Whoever asked is then told to try again.
import { MongoNetworkError, MongoServerError, MongoServerSelectionError } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { mongoFault } from '../../../shared/storage/mongo.ts'

const AWAY: readonly (readonly [string, Error])[] = [
  ['no_server_is_found', new MongoServerSelectionError('none', {} as never)],
  ['a_connection_breaks', new MongoNetworkError('closed')],
  ['the_other_side_hangs_up', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
  // A read has no label that says so, and the driver repeats it once only.
  ['a_server_is_stopping', new MongoServerError({ code: 11_600, message: 'interrupted at shutdown' })],
  ['a_server_is_recovering', new MongoServerError({ code: 13_436, message: 'node is recovering' })],
  ['a_server_is_no_longer_primary', new MongoServerError({ code: 10_107, message: 'not primary' })],
]

describe('is_unavailable_when', () => {
  test.each(AWAY)('%s', (_, error) => {
    expect(mongoFault(error)).toMatchObject({ code: 'unavailable' })
  })
})

test('is_a_fault_of_ours_when_the_database_refuses_what_it_is_asked', () => {
  expect(mongoFault(new MongoServerError({ code: 2, message: 'bad value' }))).toBeUndefined()
  expect(mongoFault(new Error('a bug'))).toBeUndefined()
})
