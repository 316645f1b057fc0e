// Which activity somebody wants to see: read from the address of the page, and written into it. Pure.
import { activityFilters } from '../../../../shared/contracts/activity.ts'
import { CalendarDate, Id } from '../../../../shared/contracts/define/common.ts'
import { daysAfter, type Reading, startOfDay } from '../moments.ts'

/** Days on which anything can have happened; moments in other years have no timestamp. */
const Day = CalendarDate.refine((day) => day >= '1970-01-02' && day <= '9999-12-30')

const FIELDS = {
  task: Id,
  loop: Id,
  person: Id,
  /** The app, by its name. */
  client: activityFilters.client.unwrap().min(1),
  /** The label of the agent. */
  agent: activityFilters.agent.unwrap(),
  /** The first and the last day, where the reader is. */
  since: Day,
  until: Day,
} as const

type Field = keyof typeof FIELDS
/** What is asked for. All that is given has to hold. */
export type ActivityFilter = Readonly<Partial<Record<Field, string | undefined>>>

const NAMES = Object.keys(FIELDS) as Field[]

/** The filter of an address. What cannot be meant is left out. */
export const readFilter = (query: (name: string) => string | undefined): ActivityFilter =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      const { data } = FIELDS[name].safeParse(query(name))
      return data === undefined ? [] : [[name, data]]
    }),
  )

/** The address of the page with a filter, and of an older page of it: everybody who opens it is asked for the same. */
export const activityPath = (filter: ActivityFilter, before?: string): string => {
  const fields = [...NAMES.map((name) => [name, filter[name]] as const), ['before', before] as const]
  const given = fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return given.length === 0 ? '/activity' : `/activity?${new URLSearchParams(given)}`
}

export const isFiltered = (filter: ActivityFilter): boolean => Object.keys(filter).length > 0

/** Whether the last day is before the first. */
export const isBackwards = ({ since, until }: ActivityFilter): boolean =>
  since !== undefined && until !== undefined && until < since

/** From when until when, as moments: from the beginning of the first day to that of the day behind the last. */
export const periodOf = (
  { since, until }: ActivityFilter,
  reading: Reading,
): Readonly<{ since?: string; until?: string }> => ({
  ...(since === undefined ? {} : { since: startOfDay(since, reading).toISOString() }),
  ...(until === undefined ? {} : { until: startOfDay(daysAfter(until, 1), reading).toISOString() }),
})
