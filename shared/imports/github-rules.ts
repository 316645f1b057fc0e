// GitHub issues, as `gh issue list --json number,title,…,blockedBy` writes them. Pure.
import { readJson } from './json-rules.ts'
import { refusal } from './refusals.ts'
import {
  facts,
  listOf,
  loopsOf,
  objectOf,
  type Parsed,
  type ParsedTask,
  type Row,
  sections,
  textOf,
} from './shape-rules.ts'

const COMMAND =
  'gh issue list --state all --limit 10000 --json number,title,body,state,stateReason,labels,milestone,comments,url,blockedBy'

/** `owner/repository#12`, or the number alone where the export has no address. */
const idOf = (number: string, url: string): string => {
  const [, repository] = /^https?:\/\/[^/]+\/([^/]+\/[^/]+)\/(?:issues|pull)\//.exec(url) ?? []
  return repository ? `${repository}#${number}` : number
}

/** What an issue waits for: as `gh` writes it since 2.94, and as a plain list. */
const blockersOf = (issue: Readonly<Record<string, unknown>>): ParsedTask['blocked_by'] => {
  const { nodes = issue.blockedBy } = objectOf(issue.blockedBy)
  return listOf(nodes)
    .map(objectOf)
    .map(({ number, url }) => ({ source: 'github', id: idOf(textOf(number), textOf(url)) }))
}

const statusOf = (state: string, reason: string): ParsedTask['status'] => {
  if (state !== 'CLOSED') return 'approved'
  return reason === 'NOT_PLANNED' || reason === 'DUPLICATE' ? 'rejected' : 'shipped'
}

const taskOf = (issue: Readonly<Record<string, unknown>>): ParsedTask => {
  const [number, url] = [textOf(issue.number), textOf(issue.url)]
  const milestone = textOf(objectOf(issue.milestone).title)
  return {
    ref: { source: 'github', id: idOf(number, url) },
    title: textOf(issue.title),
    body: sections([
      ['', textOf(issue.body)],
      [
        '',
        facts('GitHub', [
          ['Issue', url],
          ['Author', textOf(objectOf(issue.author).login)],
        ]),
      ],
    ]),
    status: statusOf(textOf(issue.state).toUpperCase(), textOf(issue.stateReason).toUpperCase()),
    priority: 'none',
    due_date: null,
    labels: listOf(issue.labels).map((label) => textOf(objectOf(label).name) || textOf(label)),
    comments: listOf(issue.comments).map((one) => {
      const { id, author, body, createdAt } = objectOf(one)
      return {
        id: textOf(id),
        author: textOf(objectOf(author).login),
        at: textOf(createdAt),
        text: textOf(body),
      }
    }),
    blocked_by: blockersOf(issue),
    ...(milestone ? { loop: milestone } : {}),
  }
}

/** @throws AppError `invalid_argument` when it is no list of issues. */
export const parseGithub = (text: string): Parsed => {
  const read = readJson(text)
  if (!Array.isArray(read)) throw refusal('no_issues', { command: COMMAND })
  const issues = read.map(objectOf)
  const passed_over: Row[] = []
  const tasks = issues.flatMap((issue, n): ParsedTask[] => {
    if (textOf(issue.number) !== '') return [taskOf(issue)]
    passed_over.push({ id: `item ${n + 1}`, title: textOf(issue.title), code: 'no_id' })
    return []
  })
  return { tasks, loops: loopsOf(tasks), passed_over }
}
