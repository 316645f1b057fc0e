// What clients may register, with the requests that today's clients really send.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { oauthError } from '../../../services/gateway/oauth/refusals.ts'
import { checkRegistration } from '../../../services/gateway/oauth/registration.ts'
import { readConfig } from '../../../shared/process/config.ts'

const CURSOR = [
  'cursor://anysphere.cursor-mcp/oauth/callback',
  'https://www.cursor.com/agents/mcp/oauth/callback',
  'http://localhost:8787/callback',
]
const outcome = (body: unknown): string => {
  const ruled = checkRegistration(body)
  return ruled.ok ? 'accepted' : ruled.reason
}
const accepted = (body: unknown) => {
  const ruled = checkRegistration(body)
  if (!ruled.ok) throw new Error(ruled.reason)
  return ruled.value
}

describe('redirect URIs of desktop apps', () => {
  test.each([
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'cursor://anysphere.cursor-retrieval/oauth/user-1/callback',
    'vscode://saoudrizwan.claude-dev/callback',
    'vscode-insiders://saoudrizwan.claude-dev/callback',
    'windsurf://codeium.windsurf/oauth/callback',
    'claude://mcp/oauth/callback',
    'claude:/callback',
    'zed://oauth/callback',
    'goose://oauth/callback',
    'raycast://oauth?package_name=mcp',
    'jetbrains://idea/oauth/callback',
    'mcpjam://oauth/callback',
  ])('are_accepted: %s', (uri) => {
    expect(accepted({ redirect_uris: [uri] }).redirect_uris).toEqual([uri])
  })
  test('that_are_not_known_are_refused_with_the_setting_that_lets_them_in', () => {
    const own = ['my-editor://callback', 'com.example.app:/callback']
    expect(outcome({ redirect_uris: own })).toBe('redirect_uri_scheme')
    expect(oauthError('redirect_uri_scheme').error_description).toContain('CLIENT_REDIRECT_SCHEMES')
    const { CLIENT_REDIRECT_SCHEMES } = readConfig({
      CLIENT_REDIRECT_SCHEMES: 'My-Editor://, com.example.app',
    })
    const schemes = new Set(CLIENT_REDIRECT_SCHEMES)
    expect(checkRegistration({ redirect_uris: own }, schemes)).toMatchObject({
      value: { redirect_uris: own },
    })
  })
  test('that_are_not_known_are_left_out_of_a_list_with_others', () => {
    const redirect_uris = ['my-editor://callback', ...CURSOR, 'another:/callback']
    expect(accepted({ redirect_uris }).redirect_uris).toEqual(CURSOR)
  })
  test.each([
    'javascript:alert(1)',
    'JavaScript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'blob:https://app.example/1',
    'vbscript:x',
    'about:blank',
    'intent://x#Intent;end',
    'http://app.example/cb',
    'http://192.168.1.2/cb',
    'http://localhost.evil.example/cb',
  ])('refuse_the_whole_list_and_no_setting_lets_them_in: %s', (uri) => {
    const schemes = new Set([uri.split(':')[0]?.toLowerCase() ?? ''])
    for (const redirect_uris of [[uri], [...CURSOR, uri], [uri, ...CURSOR]])
      expect(checkRegistration({ redirect_uris }, schemes).ok).toBe(false)
  })
})

describe('accepted_as_clients_send_it', () => {
  test('Scalekit: three members, nothing about authentication', () => {
    const scalekit = accepted({
      redirect_uris: ['https://acme.scalekit.cloud/sso/v1/oauth/conn_1/callback'],
      client_name: 'Scalekit',
      grant_types: ['authorization_code', 'refresh_token'],
    })
    expect(scalekit).toMatchObject({ auth_method: 'client_secret_basic' })
  })
  test('Cursor: three kinds of redirect URI in one request [R5]', () => {
    expect(accepted({ redirect_uris: CURSOR, application_type: 'native' }).redirect_uris).toEqual(CURSOR)
  })
  test('VS Code: further grant and response types are dropped', () => {
    const vscode = accepted({
      redirect_uris: ['https://vscode.dev/redirect', 'http://127.0.0.1/', 'http://127.0.0.1:33418/'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code', 'token'],
      token_endpoint_auth_method: 'none',
    })
    expect(vscode.grant_types).toEqual(['authorization_code', 'refresh_token'])
    expect(vscode.response_types).toEqual(['code'])
  })
  test('Inspector: an empty scope, members without a value', () => {
    const inspector = accepted({
      redirect_uris: ['http://localhost:6274/oauth/callback'],
      scope: '',
      client_uri: null,
      logo_uri: '',
      token_endpoint_auth_method: 'none',
      something_new: { any: 'thing' },
    })
    expect(inspector.metadata).toEqual({})
  })
  test('a minimal one gets the defaults of the RFC', () => {
    expect(accepted({ redirect_uris: ['https://app.example/cb'] })).toEqual({
      name: 'app.example',
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      auth_method: 'client_secret_basic',
      metadata: {},
    })
  })
})

test('a_name_loses_what_would_turn_or_break_the_text_around_it', () => {
  const { name } = accepted({
    redirect_uris: ['https://a.example/'],
    client_name: 'Good\u202e\n\u0000 App\u200b',
  })
  expect(name).toBe('Good App')
})

describe('refused', () => {
  const uris = (...redirect_uris: unknown[]) => ({ redirect_uris })
  test.each([
    [undefined, 'json_expected'],
    ['text', 'json_expected'],
    [[], 'json_expected'],
    [{}, 'redirect_uris_missing'],
    [uris(), 'redirect_uris_missing'],
    [uris(1), 'metadata_malformed'],
    [uris({ $ne: 1 }), 'metadata_malformed'],
    [{ redirect_uris: 'https://a.example/' }, 'metadata_malformed'],
    [uris(...Array.from({ length: 21 }, (_, i) => `https://a.example/${i}`)), 'redirect_uris_too_many'],
    [uris('/relative'), 'redirect_uri_malformed'],
    [uris('https://a.example/#x'), 'redirect_uri_malformed'],
    [uris('https://user:pw@a.example/'), 'redirect_uri_malformed'],
    [uris('https://a.example/\r\nSet-Cookie:x'), 'redirect_uri_malformed'],
    [uris(`https://a.example/${'x'.repeat(2_000)}`), 'redirect_uri_malformed'],
    [uris('javascript:alert(1)'), 'redirect_uri_harmful'],
    [uris('JavaScript:alert(1)'), 'redirect_uri_harmful'],
    [uris('data:text/html,x'), 'redirect_uri_harmful'],
    [uris('vbscript:x'), 'redirect_uri_harmful'],
    [uris('file:///etc/passwd'), 'redirect_uri_harmful'],
    [uris('blob:https://a.example/1'), 'redirect_uri_harmful'],
    [uris('myapp://callback'), 'redirect_uri_scheme'],
    [uris('http://a.example/'), 'redirect_uri_not_https'],
    [uris('http://127.0.0.1.evil.example/'), 'redirect_uri_not_https'],
    [uris('http://10.0.0.1/'), 'redirect_uri_not_https'],
    [{ ...uris('https://a.example/'), grant_types: ['client_credentials'] }, 'grant_types_unsupported'],
    [{ ...uris('https://a.example/'), response_types: ['token'] }, 'response_types_unsupported'],
    [
      { ...uris('https://a.example/'), token_endpoint_auth_method: 'private_key_jwt' },
      'auth_method_unsupported',
    ],
    [{ ...uris('https://a.example/'), client_name: 'x'.repeat(257) }, 'client_name_malformed'],
    [{ ...uris('https://a.example/'), client_name: { $gt: '' } }, 'metadata_malformed'],
  ])('%#: %j', (body, reason) => {
    expect(outcome(body)).toBe(reason)
  })
})

test('any_json_is_answered_without_throwing', () => {
  fc.assert(fc.property(fc.jsonValue(), (body) => typeof outcome(body) === 'string'))
})
