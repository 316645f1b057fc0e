// Reads the form of an import: files or pasted text, bounded before anything is taken apart.

import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, Label } from '../../../../shared/contracts/define/common.ts'
import type { TextFile } from '../../../../shared/imports/backlog-rules.ts'
import { decodeText, isSource } from '../../../../shared/imports/read-rules.ts'
import { refusal } from '../../../../shared/imports/refusals.ts'
import type { Source } from '../../../../shared/imports/shape-rules.ts'
import { readBytes } from '../../http/bytes.ts'
import { UPLOAD_BYTES } from '../../http/guards.ts'

/** Files of one form. */
const MAX_FILES = 2_000
const MB = 1024 * 1024

/** What a form asks for. */
export type Asked = Readonly<{
  source: Source
  project: string
  into: string | undefined
  approve: boolean
  files: readonly TextFile[]
}>

const readForm = async (request: Request): Promise<FormData> => {
  const read = await readBytes(request, UPLOAD_BYTES)
  if (!read.ok) throw refusal('too_large', { limit: String(UPLOAD_BYTES / MB) }, { error: 'limit_exceeded' })
  const headers = { 'content-type': request.headers.get('content-type') ?? '' }
  try {
    return await new Response(new Uint8Array(read.bytes), { headers }).formData()
  } catch {
    throw refusal('form_broken', {})
  }
}

const text = (form: FormData, name: string): string => {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

const filesOf = async (form: FormData, pasted_name: string): Promise<TextFile[]> => {
  const sent = form.getAll('file').filter((one) => typeof one !== 'string' && one.size > 0) as File[]
  if (sent.length > MAX_FILES) throw refusal('too_many_files', { limit: String(MAX_FILES) })
  const files: TextFile[] = []
  for (const file of sent) {
    const path = file.name || 'file'
    files.push({ path, text: decodeText(new Uint8Array(await file.arrayBuffer()), path) })
  }
  const pasted = text(form, 'text')
  if (files.length === 0 && pasted === '') throw refusal('nothing', {})
  return files.length > 0 ? files : [{ path: 'text', text: decodeText(Buffer.from(pasted), pasted_name) }]
}

/**
 * @param pasted_name what pasted text is called in a refusal.
 * @throws AppError `limit_exceeded` for more than 10 MB; `invalid_argument` with the field.
 */
export const readUpload = async (request: Request, pasted_name: string): Promise<Asked> => {
  const form = await readForm(request)
  const source = text(form, 'source')
  if (!isSource(source)) throw refusal('no_source', {}, { field: 'source' })
  const [project, into] = [text(form, 'project'), text(form, 'into')]
  return {
    source,
    project: project === '' ? '' : checkInput(Label, project),
    into: into === '' ? undefined : checkInput(Id, into),
    approve: form.get('approve') === 'on',
    files: await filesOf(form, pasted_name),
  }
}
