// Addresses of one server or several: `scheme://user:password@host:port,host:port/path?query`. Pure.

const PARTS = /^([a-z][a-z+]*:\/\/(?:[^@/?#]*@)?)([^/?#]+)(.*)$/s

/**
 * Each server of an address as a URL of its own, with the shared user, password, path and query; URL itself reads no
 * lists of hosts. Undefined when any of them is not a URL.
 */
export const serversOf = (address: string): readonly URL[] | undefined => {
  const [, before = '', hosts = '', after = ''] = PARTS.exec(address) ?? []
  const servers = hosts.split(',').map((host) => `${before}${host}${after}`)
  return hosts.split(',').every((host) => host !== '') && servers.every((server) => URL.canParse(server))
    ? servers.map((server) => new URL(server))
    : undefined
}
