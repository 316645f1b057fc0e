// Who is mentioned in a text: @name, the beginning of a name, or @address. Pure.
//
// A name counts if it can mean one member alone: their whole name, or as many of its first words as nobody else's begins
// with. Of two readings the longer one counts, so that @Ada Lovelace is never Ada. Case and accents make no difference
// unless they tell two people apart.
import { proseOf } from './prose.ts'
import { fold } from './words.ts'

/** Somebody who can be mentioned. */
export type Mentionable = Readonly<{ user_id: string; name: string; email?: string }>

/** Who is mentioned, and where: `text.slice(start, end)` is the @ with what follows. */
export type Mention = Readonly<{ start: number; end: number; user_id: string }>

/** An @ that begins a word: no address, no path. Chinese, Japanese and Thai put no space before it. */
const AT =
  /(?<![[[\p{L}\p{M}\p{N}]--[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]][@\/\\=\&%]])@(?=[^\s\uFFFC])/gv
/** Where a name ends: before no letter or digit, nor what joins it to one, as in @ada/pkg and @ada.example. */
const END = /(?![\p{L}\p{M}\p{N}]|[_.@+\/\\\-][\p{L}\p{N}])/vy
const ADDRESS = /[^\s@<>()[\],;:"\uFFFC]{1,64}@[\p{L}\p{N}.-]{1,253}/uy
/** Characters in which a name is looked for. It has 200 at most, but each can have accents. */
const NAME_CHARS = 800
/** The most @ of one text that are looked at. */
const MOST_AT = 1_000
/** A space, or a character with its accents. */
const UNIT = /(?<space>[^\S\r\n]+)|\P{M}\p{M}*|\p{M}+/gv

const isEnd = (text: string, at: number): boolean => {
  END.lastIndex = at
  return END.test(text)
}

/** A text folded unit by unit: after each, what it is so far, and where that ends. */
function* foldedSteps(text: string): Generator<Readonly<{ key: string; end: number; isSpace: boolean }>> {
  let key = ''
  for (const { 0: unit, index, groups } of text.matchAll(UNIT)) {
    const isSpace = groups?.space !== undefined
    key += isSpace ? ' ' : fold(unit)
    yield { key, end: index + unit.length, isSpace }
  }
}

/** Members by what they can be called, folded. */
type Names = Readonly<{
  whole: ReadonlyMap<string, readonly Mentionable[]>
  /** By the first words of their names, also all of them. */
  first: ReadonlyMap<string, readonly Mentionable[]>
  /** The whole names in order, to see quickly that none begins with what is written. */
  sorted: readonly string[]
  address: ReadonlyMap<string, Mentionable>
}>

const inOrder = (a: string, b: string): number => (a < b ? -1 : 1)

const add = (map: Map<string, Mentionable[]>, key: string, member: Mentionable): void => {
  const others = map.get(key)
  if (others) others.push(member)
  else map.set(key, [member])
}

const namesOf = (members: readonly Mentionable[]): Names => {
  const whole = new Map<string, Mentionable[]>()
  const first = new Map<string, Mentionable[]>()
  const address = new Map<string, Mentionable>()
  for (const member of members) {
    let before = ''
    for (const { key, isSpace } of foldedSteps(member.name.trim())) {
      if (isSpace) add(first, before, member)
      before = key
    }
    add(first, before, member)
    add(whole, before, member)
    if (member.email) address.set(member.email.toLowerCase(), member)
  }
  return { whole, first, sorted: [...whole.keys()].toSorted(inOrder), address }
}

/** Whether somebody's name begins with these characters. */
const isBeginning = ({ sorted }: Names, key: string): boolean => {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? '') < key) low = middle + 1
    else high = middle
  }
  return sorted[low]?.startsWith(key) === true
}

const asWritten = (text: string): string => text.normalize('NFC').replace(/\s+/g, ' ').toLowerCase()

/** The one member who can be meant by what is written; undefined for nobody, and for several. */
const memberCalled = ({ whole, first }: Names, key: string, written: string): Mentionable | undefined => {
  const called = whole.get(key) ?? first.get(key) ?? []
  if (called.length < 2) return called[0]
  const exactly = called.filter(({ name }) => asWritten(name.trim()).startsWith(asWritten(written)))
  return exactly.length === 1 ? exactly[0] : undefined
}

/** The member whose name stands here, by the longest reading. */
const nameAt = (text: string, names: Names, start: number): Omit<Mention, 'start'> | undefined => {
  let found: { key: string; end: number } | undefined
  const [line = ''] = text.slice(start, start + NAME_CHARS).split(/[\r\n]/, 1)
  for (const step of foldedSteps(line)) {
    if (!isBeginning(names, step.key)) break
    const end = start + step.end
    if (names.first.has(step.key) && isEnd(text, end)) found = { key: step.key, end }
  }
  const member = found && memberCalled(names, found.key, text.slice(start, found.end))
  return found && member && { end: found.end, user_id: member.user_id }
}

/** The member whose address stands here. A full stop after it ends the sentence. */
const addressAt = (text: string, { address }: Names, start: number): Omit<Mention, 'start'> | undefined => {
  ADDRESS.lastIndex = start
  const written = ADDRESS.exec(text)?.[0].replace(/[.-]+$/, '')
  const member = written && address.get(written.toLowerCase())
  return member ? { end: start + written.length, user_id: member.user_id } : undefined
}

/** Whether a text may mention somebody; whom, only the members tell. */
export const mayMention = (text: string): boolean => text.includes('@') && proseOf(text).search(AT) >= 0

/** Makes a function that finds who of these members is mentioned in a text, in order. For many texts, make it once. */
export const mentionFinder = (members: readonly Mentionable[]): ((text: string) => Mention[]) => {
  const names = namesOf(members)
  return (text) => {
    if (!text.includes('@')) return []
    const prose = proseOf(text)
    const mentions: Mention[] = []
    for (const { index: start } of prose.matchAll(AT).take(MOST_AT)) {
      if (start < (mentions.at(-1)?.end ?? 0)) continue
      const found = addressAt(prose, names, start + 1) ?? nameAt(prose, names, start + 1)
      if (found) mentions.push({ start, ...found })
    }
    return mentions
  }
}

/** Who of these members is mentioned in a Markdown text, in order. Not in code, and not in addresses of pages. */
export const findMentions = (text: string, members: readonly Mentionable[]): Mention[] =>
  mentionFinder(members)(text)
