// What every service with names of people in its documents does when an account is deleted. It stands alone, as the operations
// about records do, since several contracts have it.
import * as z from 'zod'
import * as c from './define/common.ts'
import { GATEWAY, internal } from './define/contract.ts'

/** The operation of such a service. The gateway calls it until there is no next page. */
export const forgettingOperations = () => ({
  forget_person: internal({
    asked_by: [GATEWAY],
    description:
      'Erases the name of a person whose account is deleted from a page of the documents of a workspace, and what is kept for them alone. What they did stays, by “Former member”. May be repeated.',
    input: z.object({
      workspace_id: c.Id,
      user_id: c.Id,
      email: z.string().max(320).optional().describe('The address that they had'),
      after: z.string().max(512).optional().describe('`next` of the page before'),
    }),
    output: z.object({ next: z.string().nullable() }),
    errors: ['invalid_argument'],
  }),
})

/** The name of that operation. */
export type ForgettingOperation = keyof ReturnType<typeof forgettingOperations>
