// Shapes that several contracts use: ids, texts and their limits, times, pages, people, scopes.
import * as z from 'zod'

/** What a token can allow, in the words of the consent page. `loops:write` includes `loops:read`. */
export const SCOPES = {
  'loops:read': 'See the workspace, its tasks, loops, comments and queue',
  'loops:write': 'File and change tasks, loops and comments, and put the loops in order',
  'loops:approve': 'Approve tasks, which lets agents start on them',
} as const
export type Scope = keyof typeof SCOPES
export const ALL_SCOPES = Object.keys(SCOPES) as Scope[]

/** Limits on what callers send. Characters are Unicode code points; bytes are UTF-8. */
export const LIMITS = {
  name_chars: 200,
  label_chars: 100,
  task_label_chars: 50,
  task_labels: 20,
  sentence_chars: 500,
  query_chars: 200,
  link_chars: 1_000,
  links: 20,
  description_chars: 4_000,
  body_bytes: 64 * 1024,
  ai_context_bytes: 64 * 1024,
  comment_bytes: 16 * 1024,
  active_loops: 5_000,
  bulk_tasks: 100,
  blockers: 50,
  new_tasks: 50,
  page: 200,
  page_default: 50,
  request_bytes: 1024 * 1024,
  idempotency_key_chars: 255,
  wait_seconds: 25,
} as const

const overLimit = (what: string, size: number, limit: number, unit: string) => ({
  code: 'custom' as const,
  message: `is ${size} ${unit} long; the limit is ${limit}`,
  params: { limit_exceeded: true, limit, size, unit, what },
})

const wellFormed = (value: string): boolean => value.isWellFormed() && !value.includes('\0')

/** A text of at most `limit` code points or UTF-8 bytes. A longer one is refused with both numbers, never cut. */
const text = (limit: number, unit: 'characters' | 'bytes', string = z.string()) =>
  string
    .superRefine((value, context) => {
      if (!wellFormed(value)) {
        context.addIssue({
          code: 'custom',
          message: 'has a NUL character or half of a surrogate pair; remove it',
        })
        return
      }
      if (value.length * 3 <= limit) return
      const size = unit === 'bytes' ? Buffer.byteLength(value) : [...value].length
      if (size > limit) context.addIssue(overLimit('text', size, limit, unit))
    })
    .meta(unit === 'bytes' ? { maxBytes: limit } : { maxLength: limit })

/** A text with at least one character that is not a space. */
const named = (limit: number, string = z.string()) =>
  text(limit, 'characters', string)
    .refine((value) => value.trim() !== '', 'is empty; say something')
    .meta({ minLength: 1, maxLength: limit })

export const Name = named(LIMITS.name_chars)
/** A name that a caller gives itself or was given, such as a label or a secret id. */
export const Label = named(LIMITS.label_chars)
/** A short word or two by which tasks are found. Rows carry them, so they are small. */
export const TaskLabel = named(LIMITS.task_label_chars)
/** A label as it is stored and compared: without space around it, in lower case. */
export const normalizeLabel = (label: string): string => label.normalize('NFC').trim().toLowerCase()
/** A sentence or two. */
export const Sentence = text(LIMITS.sentence_chars, 'characters')
/** The address of a page. */
export const Link = text(LIMITS.link_chars, 'characters').refine(
  (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ''),
  'is not the address of a page; write https://…',
)
/** What somebody looks for; spaces around it do not count. */
export const SearchText = named(LIMITS.query_chars, z.string().trim())
export const Description = text(LIMITS.description_chars, 'characters')
export const Body = text(LIMITS.body_bytes, 'bytes')
export const AiContext = text(LIMITS.ai_context_bytes, 'bytes')
export const CommentText = text(LIMITS.comment_bytes, 'bytes')
  .refine((value) => value.trim() !== '', 'is empty; say something')
  .meta({ minLength: 1, maxBytes: LIMITS.comment_bytes })

const ULID = /^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$/
export const ULID_PATTERN = ULID.source
/** A ULID, any case in, upper case out (https://github.com/ulid/spec). */
export const Id = z
  .string()
  .regex(ULID, 'is not an id; ids are ULIDs of 26 characters')
  .overwrite((value) => value.toUpperCase())

/** A moment, ISO 8601 in UTC. */
export const Timestamp = z.iso.datetime()
/** A calendar date without a time zone, `YYYY-MM-DD`; impossible dates are refused. */
export const CalendarDate = z.iso.date('is not a calendar date; write YYYY-MM-DD')
/** A document's version: 1 when it is created, one more with each change. */
export const Version = z.int().min(1).max(Number.MAX_SAFE_INTEGER)
export const Count = z.int().min(0)

export const TASK_STATUSES = ['open', 'approved', 'in_progress', 'on_hold', 'shipped', 'rejected'] as const
export const TaskStatus = z.enum(TASK_STATUSES)
export type TaskStatus = z.infer<typeof TaskStatus>

/** Most urgent first: the order of work within a loop. */
export const PRIORITIES = ['urgent', 'high', 'medium', 'low', 'none'] as const
export const Priority = z.enum(PRIORITIES)
export type Priority = z.infer<typeof Priority>

export const LOOP_STATUSES = ['active', 'on_hold', 'shipped'] as const
export const LoopStatus = z.enum(LOOP_STATUSES)
export type LoopStatus = z.infer<typeof LoopStatus>

const VISIBILITIES = ['public', 'private'] as const
export const Visibility = z.enum(VISIBILITIES)
export type Visibility = z.infer<typeof Visibility>

/** The name under which a person's work stays when their account is deleted. Pages say it in the reader's language. */
export const FORMER_MEMBER = 'Former member'

/** Who did something: a person, and the client that they did it through. */
export const Actor = z.object({
  user_id: Id,
  name: z.string(),
  client: z.string().describe('The app or agent that they used'),
})
export type Actor = z.infer<typeof Actor>

export const ScopeName = z.enum(ALL_SCOPES as [Scope, ...Scope[]])

/**
 * Names a request. For at least a day, a repeat with the same key changes nothing and gets the first answer, whatever
 * happened in between. A key counts per workspace, person, client and tool.
 */
export const IdempotencyKey = text(LIMITS.idempotency_key_chars, 'characters')
  .refine((value) => value !== '', 'is empty')
  .optional()
  .describe('Your key: a repeat with it changes nothing')

export const ExpectedVersion = Version.optional().describe('Only at this version')

export const Limit = z.int().min(1).max(LIMITS.page).default(LIMITS.page_default).describe('Rows to return')
export const Cursor = text(512, 'characters').optional().describe('next_cursor of the last page')
export const NextCursor = z.string().nullable().describe('cursor of the next page; null: the last')

/** Counts of tasks by status. */
export const TaskCounts = z.object({
  total: Count,
  open: Count,
  approved: Count,
  in_progress: Count,
  on_hold: Count,
  shipped: Count,
  rejected: Count,
})
export type TaskCounts = z.infer<typeof TaskCounts>

/** A member of a workspace as other members see it. */
export const Member = z.object({
  user_id: Id,
  name: z.string(),
  role: z.enum(['owner', 'admin', 'member', 'viewer']),
})
export type Member = z.infer<typeof Member>
