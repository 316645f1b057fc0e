// Draws which rooms import which, from the imports of the code itself.
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'

const ROOT = new URL('../../', import.meta.url)
const IMPORTS = /^(?:import|export)\b[^']*?\bfrom '(\.[^']+)'/gm

/** The room of a file: its folder; undefined: it puts rooms together, or is no part of what is drawn. */
type RoomOf = (path: string) => string | undefined

/** The rooms of `shared`, and each service as one. */
const roomOfProduct: RoomOf = (path) => /^(shared\/[\w-]+|services\/[\w-]+)\//.exec(path)?.[1]

/** The rooms of the gateway. */
const roomOfGateway: RoomOf = (path) => /^services\/gateway\/([\w-]+)\//.exec(path)?.[1]

/** Every pair of rooms of which one imports from the other, once each, in the order of the alphabet. */
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

/** Pairs that a way over other rooms says already are left out, so that the drawing can be read. */
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

/** The drawings as parts of the documentation. An arrow says: imports from, itself or by what it imports. */
export const drawingsOf = (): Readonly<{ rooms: string; gateway: string }> => ({
  rooms: drawing(roomOfProduct),
  gateway: drawing(roomOfGateway),
})
