// The parts of the registry that the official suite looks for by name. Each has the least that its scenarios need:
// content of every kind, resources and prompts. They are for the suite's server alone; nothing of it is built into
// Loops.
import { type McpServer, ResourceTemplate } from '@modelcontextprotocol/server'
import * as z from 'zod'

/** One red pixel. */
const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=='
/** Silence. */
const WAV = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='

const text = (value: string) => ({ type: 'text' as const, text: value })
const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' }
const audio = { type: 'audio' as const, data: WAV, mimeType: 'audio/wav' }
const embedded = (uri: string, mimeType: string, value: string) => ({
  type: 'resource' as const,
  resource: { uri, mimeType, text: value },
})

const CONTENT = {
  test_simple_text: [text('This is a simple text response for testing.')],
  test_image_content: [image],
  test_audio_content: [audio],
  test_embedded_resource: [
    embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.'),
  ],
  test_multiple_content_types: [
    text('Multiple content types test:'),
    image,
    embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
  ],
  test_streaming_elicitation: [text('a result and nothing else')],
}

/** Tools that answer with content of each kind, and one that fails. */
export const addContentTools = (server: McpServer): void => {
  for (const [name, content] of Object.entries(CONTENT))
    server.registerTool(name, { description: `Answers as ${name} should` }, () => ({ content: [...content] }))
  server.registerTool('test_error_handling', { description: 'Fails' }, () => ({
    isError: true,
    content: [text('This tool intentionally returns an error for testing')],
  }))
}

/** Tools that send notifications before they answer. */
export const addLoggingTools = (server: McpServer): void => {
  const inputSchema = z.object({})
  server.registerTool(
    'test_tool_with_logging',
    { description: 'Logs', inputSchema },
    async (_, { mcpReq }) => {
      for (const data of ['started', 'processing', 'completed'])
        await mcpReq.notify({ method: 'notifications/message', params: { level: 'info', data } })
      return { content: [text('logged')] }
    },
  )
  server.registerTool(
    'test_logging_tool',
    { description: 'Logs if asked to', inputSchema },
    async (_, { mcpReq }) => {
      await mcpReq.log('info', 'only for those who set a level')
      return { content: [text('logged if asked to')] }
    },
  )
  server.registerTool(
    'test_tool_with_progress',
    { description: 'Tells how far it is', inputSchema },
    async (_, { mcpReq }) => {
      const progressToken = mcpReq._meta?.progressToken
      for (const progress of progressToken === undefined ? [] : [0, 50, 100])
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken: progressToken ?? '', progress, total: 100 },
        })
      return { content: [text(String(progressToken))] }
    },
  )
}

/** Static resources, one template, and subscriptions that end with the request, as everything does here. */
export const addResources = (server: McpServer): void => {
  const plain = { mimeType: 'text/plain' }
  for (const name of ['static-text', 'watched-resource'])
    server.registerResource(name, `test://${name}`, plain, ({ href }) => ({
      contents: [{ uri: href, ...plain, text: `This is the content of ${name}.` }],
    }))
  server.registerResource('static-binary', 'test://static-binary', { mimeType: 'image/png' }, ({ href }) => ({
    contents: [{ uri: href, mimeType: 'image/png', blob: PNG }],
  }))
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { mimeType: 'application/json' },
    ({ href }, { id }) => ({
      contents: [
        { uri: href, mimeType: 'application/json', text: JSON.stringify({ id, data: `Data for ID: ${id}` }) },
      ],
    }),
  )
  server.server.setRequestHandler('resources/subscribe', () => ({}))
  server.server.setRequestHandler('resources/unsubscribe', () => ({}))
}

const saying = (...contents: (ReturnType<typeof text> | typeof image | ReturnType<typeof embedded>)[]) => ({
  messages: contents.map((content) => ({ role: 'user' as const, content })),
})

/** Prompts with content of each kind. */
export const addPrompts = (server: McpServer): void => {
  server.registerPrompt('test_simple_prompt', { description: 'Without arguments' }, () =>
    saying(text('This is a simple prompt for testing.')),
  )
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'With arguments', argsSchema: z.object({ arg1: z.string(), arg2: z.string() }) },
    ({ arg1, arg2 }) => saying(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  )
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'With a resource', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) =>
      saying(
        embedded(resourceUri, 'text/plain', 'Embedded resource content for testing.'),
        text('Please process the embedded resource above.'),
      ),
  )
  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () =>
    saying(image, text('Please analyze the image above.')),
  )
}
