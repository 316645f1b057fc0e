// The baseline: the SDK's low-level server with the same tools and the same answer. It has no token, no check and no
// bus. Runs as a process of its own and prints its port.
import { serve } from '@hono/node-server'
import { createMcpHandler, type ListToolsResult, Server } from '@modelcontextprotocol/server'
import { createCatalog } from '../../services/gateway/mcp/catalog.ts'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { cannedTasks } from './canned.ts'

const tools = [...createCatalog(CONTRACTS).listFor(ALL_SCOPES)] as ListToolsResult['tools']

const handler = createMcpHandler(() => {
  const server = new Server({ name: 'bare', version: '1.0.0' }, { capabilities: { tools: {} } })
  server.setRequestHandler('tools/list', () => ({ tools }))
  server.setRequestHandler('tools/call', () => ({
    content: [{ type: 'text', text: JSON.stringify(cannedTasks) }],
    structuredContent: cannedTasks,
  }))
  return server
})
serve({ fetch: (request) => handler.fetch(request), port: 0, hostname: '127.0.0.1' }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}`),
)
