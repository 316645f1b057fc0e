// The operator's commands about the audit log: writing it out, and checking that nothing in it was changed.
import {
  type ChainFault,
  type ChainPlace,
  faultAtEnd,
  INSTALLATION_LOG,
  verifyChain,
} from '../../services/gateway/audit/audit-rules.ts'
import { type AdminCommand, AdminMistake, type World } from './world.ts'

/** How many entries are read at once. */
const PAGE = 500
/** How often a log is read again because old entries were removed meanwhile. */
const READS = 5

const chainsOf = async ({ deps }: World, named: string | boolean | undefined): Promise<readonly string[]> => {
  const all = await deps.store.audit.chains()
  if (typeof named !== 'string') return all
  const chain = named === INSTALLATION_LOG ? named : named.toUpperCase()
  if (!all.includes(chain))
    throw new AdminMistake(
      `There is no log of ${named}: name a workspace, or "${INSTALLATION_LOG}"; npm run admin -- workspaces lists them.`,
    )
  return [chain]
}

const write: AdminCommand['run'] = async (world, { options }, say) => {
  for (const chain of await chainsOf(world, options.workspace))
    for (let after = 0; ; ) {
      const page = await world.deps.store.audit.read(chain, after, PAGE)
      for (const entry of page) say(JSON.stringify(entry))
      const last = page.at(-1)
      if (!last) break
      after = last.seq
    }
  return 0
}

type Verified = Readonly<{ anchor: ChainPlace; end: ChainPlace; fault?: ChainFault | undefined }>

const verifyOnce = async (
  { deps }: World,
  chain: string,
  known: readonly ChainPlace[],
): Promise<Verified> => {
  const anchor = await deps.store.audit.anchor(chain)
  for (let end = anchor; ; ) {
    const page = await deps.store.audit.read(chain, end.seq, PAGE)
    if (page.length === 0) return { anchor, end, fault: faultAtEnd(end, known) }
    const checked = verifyChain(chain, end, page, known)
    if (checked.fault) return { anchor, ...checked }
    end = checked.end
  }
}

const verifyOne = async (world: World, chain: string, known: readonly ChainPlace[]): Promise<Verified> => {
  for (let reads = 1; ; reads += 1) {
    const verified = await verifyOnce(world, chain, known)
    const anchor = await world.deps.store.audit.anchor(chain)
    // Old entries were removed while they were read.
    if (!verified.fault || anchor.seq === verified.anchor.seq || reads === READS) return verified
  }
}

const WHAT: Readonly<Record<ChainFault['what'], string>> = {
  missing: 'is missing',
  changed: 'was changed',
  not_linked: 'does not follow the one before it',
  foreign: 'belongs to another log',
}

const knownIn = (named: string | boolean | undefined): readonly ChainPlace[] => {
  if (typeof named !== 'string') return []
  const [, seq, hash] = /^(\d+)=([0-9a-f]{64})$/.exec(named) ?? []
  if (seq === undefined || hash === undefined)
    throw new AdminMistake('--known is a place and its hash, such as 12=9f86… with 64 hexadecimal digits.')
  return [{ seq: Number(seq), hash }]
}

const verify: AdminCommand['run'] = async (world, { options }, say) => {
  const known = knownIn(options.known)
  if (known.length > 0 && options.workspace === undefined)
    throw new AdminMistake('--known is a place in one log: name it with --workspace.')
  let faults = 0
  for (const chain of await chainsOf(world, options.workspace)) {
    const { anchor, end, fault } = await verifyOne(world, chain, known)
    if (fault) {
      faults += 1
      say(`${chain}  NOT WHOLE: entry ${fault.seq} ${WHAT[fault.what]}`)
    } else say(`${chain}  whole from ${anchor.seq + 1} to ${end.seq}  ${end.seq}=${end.hash}`)
  }
  if (faults === 0)
    say('Every log that was read is whole. Compare its last place with the one that your own copy has.')
  return faults === 0 ? 0 : 1
}

/** The commands by name. */
export const AUDIT_COMMANDS: Readonly<Record<string, AdminCommand>> = {
  audit: {
    usage: '[--workspace ID|installation]',
    about: 'writes the audit log, one line of JSON each',
    words: 0,
    options: { workspace: true },
    run: write,
  },
  'verify-audit': {
    usage: '[--workspace ID|installation [--known PLACE=HASH]]',
    about: 'checks that nothing in the audit log was changed',
    words: 0,
    options: { workspace: true, known: true },
    run: verify,
  },
}
