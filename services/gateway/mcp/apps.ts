// The MCP Apps (SEP-1865): what shows triage and the queue inside hosts that render apps. Each is one HTML document made of
// the files beside this one, asks for nothing but tools, and is the same for everybody.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { APPS, type AppName } from '../../../shared/contracts/define/contract.ts'
import { LANGUAGES } from '../../../shared/contracts/define/language.ts'

const EXTENSION_ID = 'io.modelcontextprotocol/ui'
const MIME_TYPE = 'text/html;profile=mcp-app'

/** What a server that has apps declares among its capabilities; some hosts render none without it. */
export const APPS_CAPABILITY = { [EXTENSION_ID]: { mimeTypes: [MIME_TYPE] } }

const uriOf = (app: AppName): string => `ui://loops/${app}`

/**
 * The `_meta` of a tool whose result an app shows. Every client gets it: a request of an older revision does not say what
 * its client can do, and hosts that render apps do not always declare it. The rest ignore it.
 */
export const appMeta = (app: AppName) => ({ ui: { resourceUri: uriOf(app) } })

/** Nothing but the document itself: no requests, no frames, no rights. */
const RESOURCE_META = {
  ui: { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true },
} as const

const TITLES: Readonly<Record<AppName, Readonly<{ title: string; description: string }>>> = {
  triage: {
    title: 'Triage',
    description: 'The app that shows tasks to decide on, for hosts that render apps.',
  },
  queue: {
    title: 'The queue',
    description: 'The app that shows the loops in order, for hosts that render apps.',
  },
}

/** The apps, as resources/list shows them. */
export const APP_RESOURCES = APPS.map((app) => ({
  uri: uriOf(app),
  name: `${app}-app`,
  ...TITLES[app],
  mimeType: MIME_TYPE,
  _meta: RESOURCE_META,
}))

const FOLDER = join(import.meta.dirname, 'apps')
/** The scripts of every app, each after those that it imports. */
const SHARED_SCRIPTS = [
  ...Object.keys(LANGUAGES).map((language) => `messages/${language}.js`),
  'messages.js',
  'host.js',
  'page.js',
  'tools.js',
]
const SCRIPTS: Readonly<Record<AppName, readonly string[]>> = {
  triage: [...SHARED_SCRIPTS, 'tasks.js', 'triage.js'],
  queue: [...SHARED_SCRIPTS, 'queue.js'],
}

/** Modules as one script: what they import from each other is in the same scope. */
const joined = (modules: readonly string[]): string =>
  modules
    .join('\n')
    .replace(/^import [\s\S]*? from '[^']*'$/gm, '')
    .replace(/^export /gm, '')

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')

const documentOf = (
  parts: Readonly<{ style: string; script: string; appsUrl: string }>,
): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Loops</title>
<style>
${parts.style}</style>
</head>
<body data-apps-url="${escaped(parts.appsUrl)}">
<main id="app"></main>
<script type="module">
${parts.script}</script>
</body>
</html>
`

/** The document of each app, by URI. */
export type Apps = ReadonlyMap<string, string>

/**
 * Makes the documents of the apps. They never change while this version runs, so once is enough.
 * @param appsUrl the page on which people allow what their connections may do.
 */
export const readApps = async (appsUrl: string): Promise<Apps> => {
  const read = (name: string): Promise<string> => readFile(join(FOLDER, name), 'utf8')
  const style = await read('app.css')
  const documents = APPS.map(async (app) => {
    const script = joined(await Promise.all(SCRIPTS[app].map(read)))
    return [uriOf(app), documentOf({ style, script, appsUrl })] as const
  })
  return new Map(await Promise.all(documents))
}

/** An app as resources/read answers it. */
export const appContents = (uri: string, text: string) => ({
  contents: [{ uri, mimeType: MIME_TYPE, text, _meta: RESOURCE_META }],
})
