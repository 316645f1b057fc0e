// Whether passed tests cover what must be shown: each attack, and each row of the protocol's requirements. Reads the
// reports of a whole run, since a skipped test shows nothing. Pure.
import { isAbsolute, relative } from 'node:path'
import type { Attack } from './attacks.ts'
import type { Report } from './summary.ts'

type Passed = Readonly<{ file: string; fullName: string; title: string }>

/** The tests that passed; `root` is the folder that their files are named from. */
const passedIn = (reports: readonly Report[], root: string): readonly Passed[] =>
  reports.flatMap(({ testResults }) =>
    testResults.flatMap(({ name, assertionResults }) =>
      assertionResults
        .filter(({ status }) => status === 'passed')
        .map(({ fullName, title }) => ({
          file: isAbsolute(name) ? relative(root, name).replaceAll('\\', '/') : name,
          fullName,
          title,
        })),
    ),
  )

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A test's name as written in its file: `%s` and the like stand for the values of a row of its table. */
const titleOf = (written: string): RegExp =>
  new RegExp(
    `^${written
      .split(/%[sdifjoc#]/)
      .map(escaped)
      .join('[\\s\\S]*')}`,
  )

/** Attacks whose tests did not all pass, a sentence each. */
export const unshownAttacks = (
  reports: readonly Report[],
  root: string,
  attacks: readonly Attack[],
): readonly string[] => {
  const passed = passedIn(reports, root)
  return attacks.flatMap(([attack, ...shown]) =>
    shown.flatMap(([file, name]) => {
      const title = titleOf(name)
      const isShown = passed.some((one) => one.file === file && title.test(one.title))
      return isShown ? [] : [`${attack}: no test of ${file} passed whose name begins with ${name}.`]
    }),
  )
}

/** The ids in a test's name or in that of its group: `… [A4, A6]`, `… [T1–T3]`. */
const IDS = /\[([A-Z]\d+(?:(?:, |–)[A-Z]\d+)*)\]/g

const expanded = (list: string): string[] =>
  list.split(', ').flatMap((part) => {
    const [first = '', last = first] = part.split('–')
    const [from, to] = [Number(first.slice(1)), Number(last.slice(1))]
    return Array.from({ length: to - from + 1 }, (_, index) => `${first[0]}${from + index}`)
  })

/** Rows that no passed test carries, and ids that are no row, a sentence each. */
export const unshownRows = (reports: readonly Report[], rows: readonly string[]): readonly string[] => {
  const shown = new Set(
    passedIn(reports, '/')
      .flatMap(({ fullName }) => [...fullName.matchAll(IDS)])
      .flatMap(([, list = '']) => expanded(list)),
  )
  return [
    ...rows.filter((row) => !shown.has(row)).map((row) => `${row}: no test that passed carries this row.`),
    ...[...shown]
      .filter((id) => !rows.includes(id))
      .map((id) => `${id}: a test carries it, and it is no row.`),
  ]
}
