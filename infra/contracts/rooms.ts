// Draws which folders of the code import which, from the imports themselves.
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

const ROOT = new URL('../../', import.meta.url)
const IMPORTS = /^(?:import|export)\b[^']*?\bfrom '(\.[^']+)'/gm

/** The folder that a file is drawn as part of; undefined for a file that wires folders together or is not drawn. */
type RoomOf = (path: string) => string | undefined

/** The folders of `shared`, and each service as a whole. */
const roomOfProduct: RoomOf = (path) => /^(shared\/[\w-]+|services\/[\w-]+)\//.exec(path)?.[1]

/** The folders of the gateway. */
const roomOfGateway: RoomOf = (path) => /^services\/gateway\/([\w-]+)\//.exec(path)?.[1]

/** Every pair of folders of which the first imports from the second: each once, in alphabetical order. */
const pairs = (roomOf: RoomOf): (readonly [string, string])[] => {
  const found = new Set<string>()
  for (const path of globSync('{services,shared}/**/*.ts', { cwd: ROOT })) {
    const room = roomOf(path)
    if (room === undefined) continue
    for (const [, from = ''] of readFileSync(new URL(path, ROOT), 'utf8').matchAll(IMPORTS)) {
      const other = roomOf(posix.join(posix.dirname(path), from))
      if (other !== undefined && other !== room) found.add(`${room} ${other}`)
    }
  }
  return [...found].toSorted().map((pair) => pair.split(' ') as [string, string])
}

/** The pairs without those that a path through other folders implies, which would only clutter the drawing. */
const direct = (all: readonly (readonly [string, string])[]): (readonly [string, string])[] => {
  const next = Map.groupBy(all, ([room]) => room)
  const reaches = (from: string, to: string): boolean =>
    (next.get(from) ?? []).some(([, room]) => room === to || reaches(room, to))
  return all.filter(
    ([from, to]) => !(next.get(from) ?? []).some(([, between]) => between !== to && reaches(between, to)),
  )
}

const nodeOf = (room: string): string => `${room.replaceAll(/[^\w]/g, '_')}["${room}"]`

const drawing = (roomOf: RoomOf): string => {
  const lines = direct(pairs(roomOf)).map(([from, to]) => `  ${nodeOf(from)} --> ${nodeOf(to)}`)
  return ['```mermaid', 'flowchart TD', ...lines, '```'].join('\n')
}

/** The drawings for the documentation. An arrow means "imports from"; an import that a path of arrows implies has none. */
export const drawingsOf = (): Readonly<{ rooms: string; gateway: string }> => ({
  rooms: drawing(roomOfProduct),
  gateway: drawing(roomOfGateway),
})
