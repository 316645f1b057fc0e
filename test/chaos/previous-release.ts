// Has a service run as if it were of the release before: it lacks the reaction to one kind of event. Loaded before it by
// `node --import`, which is the only place where a whole service can be made to know less than its source.
import { registerHooks } from 'node:module'

/** What the previous release does not react to, and in which file it would. */
const FILE = '/services/notifier/reactions.ts'
const KIND = "'loop.shipped'"
const NAME = 'export const reactions ='

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.endsWith(FILE)) return loaded
    const source = String(loaded.source)
    if (!source.includes(NAME) || !source.includes(KIND)) throw new Error(`${FILE} does not look as it did.`)
    const less = `\nexport const reactions = (...all) => allReactions(...all).filter(({ type }) => type !== ${KIND})\n`
    return { ...loaded, source: source.replace(NAME, 'const allReactions =') + less }
  },
})
