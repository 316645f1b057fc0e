// Addresses of one or several servers: `scheme://user:password@host:port,host:port/path?query`. Pure.
//
// A file of its own: the configuration checks them, and the connection to NATS uses them.

const PARTS = /^([a-z][a-z+]*:\/\/(?:[^@/?#]*@)?)([^/?#]+)(.*)$/s

/**
 * Splits an address into one URL per server, each with the shared user, password, path and query; `URL` itself takes only one
 * host. Undefined when any of them is not a URL.
 */
export const serversOf = (address: string): readonly URL[] | undefined => {
  const [, before = '', hosts = '', after = ''] = PARTS.exec(address) ?? []
  const servers = hosts.split(',').map((host) => `${before}${host}${after}`)
  return hosts.split(',').every((host) => host !== '') && servers.every((server) => URL.canParse(server))
    ? servers.map((server) => new URL(server))
    : undefined
}
