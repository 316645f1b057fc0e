// What `npm start` shows once Loops runs: addresses, and how to connect clients. Pure.
import { type Config, showsMails } from '../shared/process/config.ts'

/** What the screen shows. */
export type ScreenFacts = Readonly<{
  config: Pick<Config, 'PUBLIC_URL' | 'SMTP_URL' | 'NODE_ENV'>
  /** Absolute path. */
  dataDir: string
  /** The link that makes the first account, where it takes one. */
  setup_url?: string | undefined
}>

/** The screen as one text. Its only secret is the setup link, which is for the person who starts the installation. */
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

Connect a client. It opens your browser to sign in:

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
