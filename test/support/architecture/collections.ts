// The invariants of collections: opened in one place, with the index of their outbox, and read through their upgrades.
import { calledName, dotted, isFunction, lineOf, type Node, nodesOf, type Source } from './source.ts'

/** The files that may ask the driver for a collection, each with its reason. */
const ASK_THE_DRIVER: Readonly<Record<string, string>> = {
  'shared/storage/collection.ts': 'opens every collection for all others',
  'infra/servers/replica-set.ts': 'reads what the server keeps about itself',
}

/** Whether a file has to have its collections opened for it. */
export const hasCollectionsOpened = (path: string): boolean => !(path in ASK_THE_DRIVER)

const OPENERS: readonly unknown[] = ['openCollection', 'lookInto']
const FINDS: readonly unknown[] = ['find', 'findOne', 'findOneAndUpdate']
/** A find that returns only ids needs no upgrade. */
const IDS_ALONE = /project(<[^>]*>)?\(\{ _id: 1 \}\)|projection: \{ _id: 1 \}/

const textOf = ({ text }: Source, { start, end }: Node): string => text.slice(start, end)

/** The variables in which a file has collections with upgrades. */
const upgradedIn = (source: Source): ReadonlySet<string> => {
  const openings = nodesOf(source, 'CallExpression').filter(
    (call) => OPENERS.includes(calledName(call)) && /\bupgrades\b/.test(textOf(source, call)),
  )
  const declared = nodesOf(source, 'VariableDeclarator')
  const opened = declared.filter(({ start, end }) =>
    openings.some((opening) => start < opening.start && opening.end <= end),
  )
  const names = new Set(opened.map(({ id }) => dotted(id)))
  const taken = declared.filter((one) => opened.includes(one) || names.has(dotted(one.init) ?? ''))
  const collections = taken.flatMap(({ id }) =>
    (((id as Node).properties ?? []) as readonly Node[]).flatMap(({ key, value }) =>
      dotted(key) === 'collection' ? [dotted(value) ?? ''] : [],
    ),
  )
  return new Set([...collections, ...[...names].map((name) => `${name}.collection`)])
}

/** The smallest function around a node, or the whole file. */
const functionAround = (source: Source, { start, end }: Node, functions: readonly Node[]): Node =>
  functions
    .filter((one) => one.start <= start && end <= one.end)
    .reduce((smallest, one) => (one.end - one.start < smallest.end - smallest.start ? one : smallest), {
      ...source.program,
      start: 0,
      end: source.text.length,
    })

/** Finds whose documents are used as stored, whatever their shape. */
const unread = (source: Source): string[] => {
  const upgraded = upgradedIn(source)
  if (upgraded.size === 0) return []
  const functions = nodesOf(
    source,
    'FunctionDeclaration',
    'FunctionExpression',
    'ArrowFunctionExpression',
  ).filter(isFunction)
  return nodesOf(source, 'CallExpression')
    .filter((call) => FINDS.includes(calledName(call)))
    .filter(({ callee }) => upgraded.has(dotted((callee as Node).object) ?? ''))
    .filter((call) => {
      const around = textOf(source, functionAround(source, call, functions))
      return !/\bread\(/.test(around) && !IDS_ALONE.test(around)
    })
    .map(
      (call) =>
        `line ${lineOf(source, call)}: uses a document as it is stored: give it to read(), which upgrades it`,
    )
}

/** What is wrong with how a file opens and reads its collections. */
export const collectionFaults = (source: Source): string[] => {
  const calls = nodesOf(source, 'CallExpression')
  const faults = calls
    .filter((call) => calledName(call) === 'collection')
    .map(
      (call) =>
        `line ${lineOf(source, call)}: asks the driver for a collection: use openCollection of shared/storage/collection.ts`,
    )
  if (calls.some((call) => calledName(call) === 'aggregates') && !source.text.includes('OUTBOX_INDEX'))
    faults.push('writes aggregates without the index of their outbox: add OUTBOX_INDEX to its indexes')
  return [...faults, ...unread(source)]
}
