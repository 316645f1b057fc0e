// The registry that the official suite runs against, in place of Loops' tools.
import { McpServer } from '@modelcontextprotocol/server'
import type { NewServer } from '../../../services/gateway/mcp/handler.ts'
import { addContentTools, addLoggingTools, addPrompts, addResources } from './content.ts'
import { addQuestions, requestStates } from './questions.ts'

/** Makes the suite's server. Its lists never change, so it announces no changes. */
export const suiteServer: NewServer = () => {
  const server = new McpServer(
    { name: 'suite', version: '1.0.0' },
    {
      capabilities: {
        tools: { listChanged: false },
        resources: { subscribe: true, listChanged: false },
        prompts: { listChanged: false },
        logging: {},
        completions: {},
      },
      requestState: { verify: requestStates.verify },
    },
  )
  addContentTools(server)
  addLoggingTools(server)
  addQuestions(server)
  addResources(server)
  addPrompts(server)
  server.server.setRequestHandler('logging/setLevel', () => ({}))
  server.server.setRequestHandler('completion/complete', () => ({
    completion: { values: [], total: 0, hasMore: false },
  }))
  return server
}
