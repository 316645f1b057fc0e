// The short screen that a start ends with: where everything is and how to connect each client. Pure text.
import { type Config, showsMails } from '../shared/process/config.ts'

/** What the screen shows of the configuration, and the absolute path of the data. */
export type ScreenFacts = Readonly<{
  config: Pick<Config, 'PUBLIC_URL' | 'SMTP_URL' | 'NODE_ENV'>
  dataDir: string
  /** By which the first account is made, where it needs a link. */
  setup_url?: string | undefined
}>

/** The screen, lines joined. It holds no secret but a setup link, for whoever starts the installation. */
export const screen = ({ config, dataDir, setup_url }: ScreenFacts): string => {
  const base = config.PUBLIC_URL
  const mcp = `${base}/mcp`
  const cursor = JSON.stringify({ mcpServers: { loops: { url: mcp } } })
  const vsCode = JSON.stringify({ name: 'loops', type: 'http', url: mcp })
  return `
Loops is running. Ctrl-C stops it; its data stays in ${dataDir}.

  Create an account ${setup_url ?? `${base}/sign-up`}
  MCP endpoint      ${mcp}
  Mails             ${mailsAt(config)}

Connect a client; it opens the browser to sign in:

  Claude Code       claude mcp add --transport http loops ${mcp}
  Cursor            in ~/.cursor/mcp.json: ${cursor}
  VS Code           code --add-mcp '${vsCode}'
  MCP Inspector     npx @modelcontextprotocol/inspector --server-url ${mcp} --transport http
`
}

const mailsAt = (config: ScreenFacts['config']): string => {
  const { SMTP_URL, PUBLIC_URL } = config
  if (SMTP_URL !== undefined) return `sent through ${new URL(SMTP_URL).host}`
  return showsMails(config) ? `${PUBLIC_URL}/dev/mail` : 'not sent: set SMTP_URL'
}
