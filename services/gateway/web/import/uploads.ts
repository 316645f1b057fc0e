// Reads the form of an import: files or pasted text, bounded before anything is taken apart.

import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, Label } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import type { TextFile } from '../../../../shared/imports/backlog-rules.ts'
import { decodeText, isSource } from '../../../../shared/imports/read-rules.ts'
import type { Source } from '../../../../shared/imports/shape-rules.ts'
import { readBytes } from '../../http/bytes.ts'
import { UPLOAD_BYTES } from '../../http/guards.ts'

/** Files of one form. */
const MAX_FILES = 2_000

/** What a form asks for. */
export type Asked = Readonly<{
  source: Source
  project: string
  into: string | undefined
  approve: boolean
  files: readonly TextFile[]
}>

const refuse = (message: string, hint: string, field: string): AppError =>
  new AppError('invalid_argument', message, { hint, details: { field } })

const readForm = async (request: Request): Promise<FormData> => {
  const read = await readBytes(request, UPLOAD_BYTES)
  if (!read.ok)
    throw new AppError('limit_exceeded', 'The files are larger than 10 MB.', {
      hint: 'Import them with npm run import, or divide them.',
      details: { field: 'file' },
    })
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  try {
    return await new Response(new Uint8Array(read.bytes), { headers }).formData()
  } catch {
    throw refuse('The form did not arrive whole.', 'Send it again.', 'file')
  }
}

const text = (form: FormData, name: string): string => {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

const filesOf = async (form: FormData): Promise<TextFile[]> => {
  const sent = form.getAll('file').filter((one) => typeof one !== 'string' && one.size > 0) as File[]
  if (sent.length > MAX_FILES)
    throw refuse(`There are more than ${MAX_FILES} files.`, 'Import them with npm run import.', 'file')
  const files: TextFile[] = []
  for (const file of sent) {
    const path = file.name || 'file'
    files.push({ path, text: decodeText(new Uint8Array(await file.arrayBuffer()), path) })
  }
  const pasted = text(form, 'text')
  if (files.length === 0 && pasted === '')
    throw refuse('There is nothing to import.', 'Choose a file, or paste its text.', 'file')
  return files.length > 0 ? files : [{ path: 'text', text: decodeText(Buffer.from(pasted), 'The text') }]
}

/** @throws AppError `limit_exceeded` for more than 10 MB; `invalid_argument` with the field. */
export const readUpload = async (request: Request): Promise<Asked> => {
  const form = await readForm(request)
  const source = text(form, 'source')
  if (!isSource(source)) throw refuse('There is no such source.', 'Choose one of the list.', 'source')
  const [project, into] = [text(form, 'project'), text(form, 'into')]
  return {
    source,
    project: project === '' ? '' : checkInput(Label, project),
    into: into === '' ? undefined : checkInput(Id, into),
    approve: form.get('approve') === 'on',
    files: await filesOf(form),
  }
}
