// What a client metadata document must be, and which addresses one may be fetched from.
import { describe, expect, test } from 'vitest'
import { checkDocument, freshUntil, readDocumentId } from '../../../services/gateway/oauth/document-rules.ts'
import { isPublicAddress } from '../../../shared/net/public-address.ts'

const ID = 'https://app.example/client.json'
const NOW = new Date('2026-11-22T12:00:00Z')
const verdict = (ruled: { ok: boolean; reason?: string }): string =>
  ruled.ok ? 'allowed' : `${ruled.reason}`

describe('an address of a document [R8]', () => {
  test.each([
    ID,
    'https://claude.ai/oauth/mcp-oauth-client-metadata',
    'https://vscode.dev/oauth/client-metadata.json',
    'https://chatgpt.com/oauth/abc/client.json',
    'https://app.example:8443/a?b=c',
  ])('taken_as_%s', (id) => {
    expect(verdict(readDocumentId(id, false))).toBe('allowed')
  })

  test.each([
    'http://app.example/client.json',
    'https://app.example',
    'https://app.example/',
    'https://app.example/client.json#a',
    'https://app.example/client.json#',
    'https://user@app.example/client.json',
    'https://app.example/a/../client.json',
    'https://app.example/a/%2e%2e/client.json',
    'https://APP.example/client.json',
    'https://app.example:443/client.json',
    'https://127.0.0.1/client.json',
    'https://0x7f.1/client.json',
    'https://0177.0.0.1/client.json',
    'https://2130706433/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/client.json',
    'https://[::ffff:a00:1]/client.json',
    'http://localhost/client.json',
    'https:client.json',
    `https://app.example/${'x'.repeat(1_000)}`,
  ])('refused_as_%s', (id) => {
    expect(verdict(readDocumentId(id, false))).toBe('client_id_malformed')
  })

  test('on_this_machine_only_when_tests_ask_for_it', () => {
    expect(verdict(readDocumentId('http://127.0.0.1:8080/client.json', true))).toBe('allowed')
    expect(verdict(readDocumentId('http://10.0.0.1/client.json', true))).toBe('client_id_malformed')
  })
})

describe('an address of the network [R8]', () => {
  test.each(['8.8.8.8', '1.1.1.1', '2606:4700::1111', '2a00:1450::1'])('public_%s', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })

  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    '64:ff9b::a00:1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2002:a00:1::',
    '2001::1',
    '2001:db8::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    '192.0.0.1',
    'no address',
  ])('not_public_%s', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('a document', () => {
  const good = { client_id: ID, client_name: 'App', redirect_uris: ['https://app.example/cb'] }

  test('makes_a_client_without_a_secret', () => {
    expect(checkDocument(ID, { ...good, grant_types: ['authorization_code', 'urn:odd'] })).toMatchObject({
      ok: true,
      value: { name: 'App', auth_method: 'none', grant_types: ['authorization_code'] },
    })
  })

  test('may_prefer_to_sign_when_it_names_none_beside_it [R8]', () => {
    const signing = { ...good, token_endpoint_auth_method: 'private_key_jwt' }
    const both = { ...signing, token_endpoint_auth_methods_supported: ['private_key_jwt', 'none'] }
    expect(checkDocument(ID, both)).toMatchObject({ ok: true, value: { auth_method: 'none' } })
    expect(verdict(checkDocument(ID, signing))).toBe('client_document_method')
  })

  test.each([
    [null, 'client_document_malformed'],
    [[good], 'client_document_malformed'],
    [{ ...good, client_id: `${ID}?` }, 'client_document_of_another'],
    [{ ...good, client_id: undefined }, 'client_document_of_another'],
    [{ ...good, client_name: ' ' }, 'client_document_malformed'],
    [{ ...good, redirect_uris: undefined }, 'redirect_uris_missing'],
    [{ ...good, redirect_uris: ['javascript:alert(1)'] }, 'redirect_uri_harmful'],
    [{ ...good, client_secret: 's' }, 'client_document_method'],
    [{ ...good, token_endpoint_auth_method: 'client_secret_basic' }, 'client_document_method'],
  ])('refused_%#', (document, reason) => {
    expect(verdict(checkDocument(ID, document))).toBe(reason)
  })
})

describe('a document counts as read', () => {
  const MINUTE_S = 60
  test.each([
    [{}, 30],
    [{ cache_control: 'no-store' }, 30],
    [{ cache_control: 'max-age=1' }, 30],
    [{ cache_control: 'public, max-age=600' }, 10 * MINUTE_S],
    [{ cache_control: 'max-age=600', age: '300' }, 5 * MINUTE_S],
    [{ cache_control: 'max-age=999999999' }, 24 * 60 * MINUTE_S],
    [{ expires: 'Sun, 22 Nov 2026 13:00:00 GMT' }, 60 * MINUTE_S],
    [{ expires: '0' }, 30],
  ])('by_its_headers_within_bounds_%#', (marks, seconds) => {
    expect((freshUntil(marks, NOW).getTime() - NOW.getTime()) / 1_000).toBe(seconds)
  })
})
