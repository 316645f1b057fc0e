// The files that pages load, read once, each at an address that changes with its content.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Hono } from 'hono'
import type { GatewayEnv } from '../http/env.ts'
import { ICON, STYLE } from './style.ts'

type Asset = Readonly<{ path: string; type: string; body: string }>

const FOLDER = join(import.meta.dirname, 'assets')
const CSS = 'text/css; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'

const hashOf = (...texts: readonly string[]): string =>
  createHash('sha256').update(texts.join('\0')).digest('base64url').slice(0, 12)

const asset = (name: string, type: string, body: string): Asset => {
  const [stem = '', ending = ''] = name.split('.')
  return { path: `/assets/${stem}-${hashOf(body)}.${ending}`, type, body }
}

/** The files of our own folder that end like this, by name. */
const filesEndingIn = (ending: string): readonly Readonly<{ name: string; body: string }>[] =>
  readdirSync(FOLDER)
    .filter((name) => name.endsWith(ending))
    .toSorted()
    .map((name) => ({ name, body: readFileSync(join(FOLDER, name), 'utf8') }))

type Assets = Readonly<{
  style: Asset
  board_style: Asset
  morph: Asset
  scripts: readonly Asset[]
  script: Asset
  /** Of pages that ask for a passkey. */
  passkey_script: Asset
}>

const load = (): Assets => {
  const morph = createRequire(import.meta.url).resolve('idiomorph/dist/idiomorph.min.js')
  const files = filesEndingIn('.js')
  // They import each other by name, so all change their address together.
  const version = hashOf(...files.map(({ body }) => body))
  const scripts = files.map(({ name, body }) => ({ path: `/assets/${version}/${name}`, type: SCRIPT, body }))
  return {
    style: asset('style.css', CSS, STYLE),
    board_style: asset(
      'board.css',
      CSS,
      filesEndingIn('.css')
        .map(({ body }) => body)
        .join('\n'),
    ),
    morph: asset('idiomorph.js', SCRIPT, readFileSync(morph, 'utf8')),
    scripts,
    script: scripts.find(({ path }) => path.endsWith('/board.js')) as Asset,
    passkey_script: scripts.find(({ path }) => path.endsWith('/passkey.js')) as Asset,
  }
}

const kept: { assets?: Assets } = {}

/** The files, with their addresses. */
export const assets = (): Assets => {
  kept.assets ??= load()
  return kept.assets
}

/** Serves them. A browser that holds one never asks again. */
export const assetRoutes = (routes: Hono<GatewayEnv>): void => {
  const serve = (path: string, type: string, body: string) =>
    routes.get(path, (c) =>
      c.body(body, 200, { 'Content-Type': type, 'Cache-Control': 'public, max-age=31536000, immutable' }),
    )
  const { style, board_style, morph, scripts } = assets()
  for (const { path, type, body } of [style, board_style, morph, ...scripts]) serve(path, type, body)
  serve('/assets/icon.svg', 'image/svg+xml', ICON)
}
