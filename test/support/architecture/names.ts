// The invariant of names: files and exports say the words of the field.
import { type Node, nodesOf, type Source } from './source.ts'

/** Words of ours by the word of the field for them. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  publish: 'told tell tells telling untold',
  pending: 'owed',
  'preference or requested': 'wish wishes wanted',
  template: 'letter letters',
  'list or visibility': 'shelf shelves acl',
  'counter or increment': 'tally tallies uncounted countee countees',
  'repair or apply': 'settle settles settled settlement',
  'reorder or change': 'weave arrange',
  'list, environment or entry': 'desk bed beds door doors',
  'fault or run': 'hurt hurts nemesis trial trials',
  'Caller or SignedIn': 'visitor insider insiders',
}
const WORD_OF_THE_FIELD: ReadonlyMap<string, string> = new Map(
  Object.entries(OWN_WORDS).flatMap(([word, own]) => own.split(' ').map((one) => [one, word] as const)),
)

/** The words of a name in lower case, whatever way it is written. A dead letter is the field's own. */
const wordsOf = (name: string): string[] =>
  (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [])
    .map((word) => word.toLowerCase())
    .filter((word, index, all) => !(word.startsWith('letter') && all[index - 1] === 'dead'))

const exportedNames = (source: Source): string[] =>
  nodesOf(source, 'ExportNamedDeclaration').flatMap(({ declaration }) => {
    const declared = declaration as (Node & { id?: { name?: string } }) | null
    if (!declared) return []
    const variables = (declared.declarations ?? []) as readonly Readonly<{ id: { name?: string } }>[]
    return [declared.id?.name, ...variables.map(({ id }) => id.name)].flatMap((name) => name ?? [])
  })

/** Names of files and exports with a word of ours where the field has one. */
export const ownWords = (source: Source): string[] =>
  [source.path.split('/').at(-1)?.replace('.ts', '') ?? '', ...exportedNames(source)].flatMap((name) =>
    wordsOf(name).flatMap((own) => {
      const word = WORD_OF_THE_FIELD.get(own)
      return word === undefined ? [] : [`${name} says ${own}: say ${word}`]
    }),
  )
