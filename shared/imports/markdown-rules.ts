// An export as Markdown: a folder to keep under version control, or one text to read. Pure.
import { stringify } from 'yaml'
import type { ExportedTaskLine, ExportLine, WrittenComment } from './format-rules.ts'

/** A file of the folder, by its path within it. */
export type MarkdownFile = Readonly<{ path: string; text: string }>

const SLUG_CHARS = 60
const ID_CHARS = 60

/** A text as part of a file's name: letters, digits and hyphens of any script. */
const slug = (text: string, chars: number): string =>
  [...text.normalize('NFC').replaceAll(/[^\p{L}\p{N}]+/gu, '-')]
    .slice(0, chars)
    .join('')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()

const commentText = ({ author = '', at = '', kind, text }: WrittenComment, level: number): string => {
  const head = [author, at, kind ?? ''].filter((one) => one !== '').join(', ')
  return `${'#'.repeat(level)} ${head || 'Comment'}\n\n${text.trim()}`
}

const page = (head: Readonly<Record<string, unknown>>, title: string, parts: readonly string[]): string => {
  const known = Object.fromEntries(Object.entries(head).filter(([, value]) => value !== undefined))
  const body = [`# ${title}`, ...parts.filter((part) => part.trim() !== '').map((part) => part.trim())]
  return `---\n${stringify(known)}---\n\n${body.join('\n\n')}\n`
}

const commentSection = (comments: readonly WrittenComment[] = [], level = 2): string =>
  comments.length === 0
    ? ''
    : [`${'#'.repeat(level)} Comments`, ...comments.map((one) => commentText(one, level + 1))].join('\n\n')

const taskFile = (line: ExportedTaskLine, folder: string): MarkdownFile => {
  const { type: _, title, body = '', comments, loop_id: __, ref, blocked_by, ...head } = line
  const id = `${ref.source}:${ref.id}`
  const waits = blocked_by?.map((one) => `${one.source}:${one.id}`)
  return {
    path: `${folder}/${slug(`${ref.source}-${ref.id}`, ID_CHARS)}-${slug(title, SLUG_CHARS)}.md`,
    text: page({ id, ...head, blocked_by: waits }, title, [body, commentSection(comments)]),
  }
}

/**
 * Makes files of lines, one after the other, in their order. Tasks lie in the folder of their loop.
 * @returns the file of a line; undefined for the first line, of the workspace.
 */
export const markdownWriter = (): ((line: ExportLine) => MarkdownFile | undefined) => {
  const folders = new Map<string, string>()
  const taken = new Set<string>()
  const free = (file: MarkdownFile): MarkdownFile => {
    for (let n = 1; ; n += 1) {
      const path = n === 1 ? file.path : file.path.replace(/\.md$/, `-${n}.md`)
      if (taken.has(path)) continue
      taken.add(path)
      return { ...file, path }
    }
  }
  return (line) => {
    if (line.type === 'workspace') return undefined
    if (line.type === 'task') return free(taskFile(line, folders.get(line.loop_id ?? '') ?? 'no-loop'))
    const { type: _, id, name, description = '', ai_context = '', comments, ...head } = line
    const folder = `${String(folders.size + 1).padStart(3, '0')}-${slug(name, SLUG_CHARS)}`
    folders.set(id, folder)
    const context = ai_context === '' ? '' : `## AI context\n\n${ai_context}`
    return {
      path: `${folder}/README.md`,
      text: page({ id, ...head }, name, [description, context, commentSection(comments)]),
    }
  }
}

/** A text on one line, which is no markup. */
const plainLine = (text: string): string =>
  text
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replaceAll(/[\\`*_[\]<>#|]/g, '\\$&')

const factLines = (known: readonly (readonly [name: string, value: string | undefined])[]): string =>
  known.flatMap(([name, value]) => (value ? [`- ${name}: ${plainLine(value)}`] : [])).join('\n')

const part = (...texts: readonly string[]): string =>
  `${texts
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .join('\n\n')}\n\n`

/**
 * Makes one text of lines, one after the other, in their order: a heading for each loop and task. It knows no more than the
 * names of loops.
 */
export const markdownText = (): ((line: ExportLine) => string) => {
  const names = new Map<string, string>()
  return (line) => {
    if (line.type === 'workspace')
      return part(`# ${plainLine(line.name)}`, `Exported at ${line.exported_at}.`)
    if (line.type === 'loop') {
      const { id, name, status, visibility, description = '', ai_context = '', comments } = line
      names.set(id, name)
      const context = ai_context === '' ? '' : `### AI context\n\n${ai_context}`
      const known = factLines([
        ['Id', id],
        ['Status', status],
        ['Visibility', visibility],
      ])
      return part(`## Loop: ${plainLine(name)}`, known, description, context, commentSection(comments, 3))
    }
    const { ref, title, body = '', comments, loop_id, labels, blocked_by } = line
    const known = factLines([
      ['Id', `${ref.source}:${ref.id}`],
      ['Status', line.status],
      ['Loop', names.get(loop_id ?? '')],
      ['Priority', line.priority === 'none' ? undefined : line.priority],
      ['Due', line.due_date],
      ['Labels', labels?.join(', ')],
      ['Waits for', blocked_by?.map((one) => `${one.source}:${one.id}`).join(', ')],
      ['Links', line.links?.join(', ')],
      ['Author', line.author],
      ['Approved by', line.approved_by],
      ['Created', line.created_at],
    ])
    return part(`## ${plainLine(title)}`, known, body, commentSection(comments, 3))
  }
}
