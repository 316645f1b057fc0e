// What others use of infra/servers to have a server: its binary, installed, kept or fetched.
export type { Binary } from './servers/binary.ts'
export type { ResolveOptions } from './servers/resolve.ts'
export { resolveMongod, resolveNatsServer } from './servers/resolve.ts'
