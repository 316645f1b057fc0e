// What the start, the tests and the images use of infra/servers: find a server's binary, run it, initiate its replica set.
export type { Binary } from './servers/binary.ts'
export type { ResolveOptions } from './servers/resolve.ts'
export { resolveMongod, resolveNatsServer } from './servers/resolve.ts'
