// The parts of the registry that ask the client a question, in the newest revision's way. A result names what is
// missing, and a second call brings it. Older clients would need the question pushed to them.
import {
  acceptedContent,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  type InputRequests,
  inputRequired,
  type McpServer,
  type ServerContext,
} from '@modelcontextprotocol/server'
import * as z from 'zod'

/** Seals the state that passes through the client; shared by every server of this process, as by all replicas. */
export const requestStates = createRequestStateCodec<{ tool: string; round?: number }>({
  key: 'a key of the tests with 32 bytes.',
})

type Req = ServerContext['mcpReq']
/** The SDK's type lacks these members. */
type Envelope = { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities }
type Answer =
  | { content: { type: 'text'; text: string }[] }
  | ReturnType<typeof inputRequired>
  | Promise<ReturnType<typeof inputRequired>>

const done = (text: string): Answer => ({ content: [{ type: 'text', text }] })

const askFor = (message: string, field: string) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: 'object', properties: { [field]: { type: 'string' } }, required: [field] },
  })
const askToConfirm = () =>
  inputRequired.elicit({
    message: 'Please confirm',
    requestedSchema: { type: 'object', properties: { ok: { type: 'boolean' } }, required: ['ok'] },
  })
const askName = () => askFor('What is your name?', 'name')
const askModel = (text: string) =>
  inputRequired.createMessage({
    messages: [{ role: 'user', content: { type: 'text', text } }],
    maxTokens: 50,
  })

const nameIn = ({ inputResponses }: Req, key: string): string | undefined => {
  const name = acceptedContent<{ name: unknown }>(inputResponses, key)?.name
  return typeof name === 'string' ? name : undefined
}

const withState = async (inputRequests: InputRequests, state: { tool: string; round?: number }) =>
  inputRequired({ inputRequests, requestState: await requestStates.mint(state) })

const everything = (): InputRequests => ({
  user_name: askName(),
  greeting: askModel('Generate a greeting'),
  client_roots: inputRequired.listRoots(),
})

/** Only questions that the client has declared it supports. */
const whatItCan = ({ envelope }: Req): InputRequests => {
  const { user_name, greeting, client_roots } = everything()
  const can = (envelope as Envelope | undefined)?.[CLIENT_CAPABILITIES_META_KEY]
  return {
    ...(can?.elicitation && user_name ? { user_name } : {}),
    ...(can?.sampling && greeting ? { greeting } : {}),
    ...(can?.roots && client_roots ? { client_roots } : {}),
  }
}

const steps = (req: Req): Answer => {
  const tool = 'multi_round'
  const round = req.requestState<{ round?: number }>()?.round ?? 0
  if (round === 0) return withState({ step1: askFor('Step 1: your name?', 'name') }, { tool, round: 1 })
  if (round === 1) return withState({ step2: askFor('Step 2: your colour?', 'color') }, { tool, round: 2 })
  return done('Multi-round complete')
}

const sealed =
  (tool: string, text: string) =>
  (req: Req): Answer =>
    req.requestState() !== undefined && acceptedContent(req.inputResponses, 'confirm') !== undefined
      ? done(text)
      : withState({ confirm: askToConfirm() }, { tool })

const asks =
  (key: string, question: () => InputRequests[string]) =>
  ({ inputResponses }: Req): Answer =>
    inputResponses?.[key] === undefined
      ? inputRequired({ inputRequests: { [key]: question() } })
      : done(JSON.stringify(inputResponses[key]))

const TOOLS: Readonly<Record<string, (req: Req) => Answer>> = {
  test_missing_capability: asks('llm_answer', () => askModel('Say pong')),
  test_sampling: asks('sampled', () => askModel('Say something')),
  test_elicitation: asks('elicited', askName),
  test_elicitation_sep1034_defaults: asks('elicited', askName),
  test_elicitation_sep1330_enums: asks('elicited', askName),
  test_input_required_result_elicitation: (req) => {
    const name = nameIn(req, 'user_name')
    return name === undefined
      ? inputRequired({ inputRequests: { user_name: askName() } })
      : done(`Hello, ${name}!`)
  },
  test_input_required_result_sampling: asks('capital_question', () =>
    askModel('What is the capital of France?'),
  ),
  test_input_required_result_list_roots: asks('client_roots', inputRequired.listRoots),
  test_input_required_result_request_state: sealed('request_state', 'state-ok'),
  test_input_required_result_tampered_state: sealed('tampered_state', 'integrity-ok'),
  test_input_required_result_multi_round: steps,
  test_input_required_result_multiple_inputs: ({ inputResponses }) =>
    inputResponses?.user_name && inputResponses.greeting && inputResponses.client_roots
      ? done('everything came')
      : withState(everything(), { tool: 'multiple_inputs' }),
  test_input_required_result_capabilities: (req) =>
    req.inputResponses === undefined && Object.keys(whatItCan(req)).length > 0
      ? inputRequired({ inputRequests: whatItCan(req) })
      : done('nothing more to ask'),
}

/** Tools and a prompt that ask the client a question. */
export const addQuestions = (server: McpServer): void => {
  for (const [name, answer] of Object.entries(TOOLS))
    server.registerTool(
      name,
      { description: `Asks back as ${name} should`, inputSchema: z.object({}) },
      (_, { mcpReq }) => answer(mcpReq),
    )
  server.registerPrompt(
    'test_input_required_result_prompt',
    { description: 'Asks for its context', argsSchema: z.object({}) },
    (_, { mcpReq }) => {
      const context = acceptedContent<{ context: string }>(mcpReq.inputResponses, 'user_context')?.context
      return context === undefined
        ? inputRequired({ inputRequests: { user_context: askFor('What context?', 'context') } })
        : { messages: [{ role: 'user', content: { type: 'text', text: `Use this context: ${context}` } }] }
    },
  )
}
