// The first step of `npm start` and `npm test`: installs the packages that its script needs, then hands over to Node 24.
// It runs before anything is installed, on Node 18 or newer, so it is plain JavaScript and uses only built-in modules.
import { spawn } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { homedir, constants as os } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const lockfile = join(root, 'package-lock.json')
const installLock = join(root, '.loops', 'install.lock')

/** The oldest Node that runs Loops; where an older one started this process, this one is fetched. */
const OLDEST_NODE = 24
const NODE_INSTEAD = '24.21.0'
/** What only tests and the checks of a change run: it needs the packages of development too. */
const FOR_DEVELOPERS = /^(?:test\/|infra\/(?:contracts|release)\.ts$)/

const MAX_INSTALL_WAIT_MS = 15 * 60_000
const MAX_KEPT_ERROR_CHARS = 8_000
/** The terminal sends Ctrl-C to this process, and npm sends it again. Within this time both count as one. */
const SAME_SIGNAL_MS = 500
const PARENT_POLL_MS = 250
const BEAT_MS = 5_000
/** Before version 10 (Debian 12 has 9), `npm ci` ignores the overrides in package.json and rejects the lockfile as stale. */
const OLDEST_NPM = 10
const NPM_INSTEAD = '10.9.4'

const say = (text) => process.stdout.write(`${text}\n`)
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`

/** Prints one sentence for the person at the terminal and exits with 1. */
const fail = (sentence) => {
  process.stderr.write(`${sentence}\n`)
  process.exit(1)
}

const packagesOf = (file) => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** What an installation that finished wrote down last, by path: `npm ci` deletes node_modules first. */
const installedPackages = () => packagesOf(join(modules, '.package-lock.json'))

/** Whether the packages of development are there: they stay where somebody runs tests. */
const hasDevelopment = () => Object.values(installedPackages() ?? {}).some(({ dev }) => dev === true)

/**
 * Whether node_modules holds what package-lock.json names: all of it, or all that running needs. Versions are compared,
 * since a checkout changes times.
 */
const isInstalled = (all) => {
  const wanted = packagesOf(lockfile)
  if (wanted === undefined)
    fail(`${lockfile} is missing or broken: restore it with \`git checkout package-lock.json\`.`)
  const present = installedPackages()
  if (present === undefined) return false
  return Object.entries(wanted).every(
    ([path, { version, optional, dev }]) =>
      path === '' ||
      (dev === true && !all) ||
      present[path]?.version === version ||
      (optional === true && present[path] === undefined),
  )
}

/** The command line of npm: the one that started this process, else the one on PATH. If it is too old, it runs a newer one. */
const npmCommand = () => {
  const script = process.env.npm_execpath ?? ''
  const npm = /^npm-cli\.c?js$/.test(basename(script)) ? [process.execPath, script] : ['npm']
  const major = Number(/^npm\/(\d+)/.exec(process.env.npm_config_user_agent ?? '')?.[1] ?? OLDEST_NPM)
  return major < OLDEST_NPM ? [...npm, 'exec', '--yes', `--package=npm@${NPM_INSTEAD}`, '--', 'npm'] : npm
}

/** One sentence that says why npm failed and what to do. */
const explain = (command, code, output) => {
  if (/ENOSPC/.test(output))
    return `The disk that holds ${root} is full: free about 1 GB, then run the command again.`
  if (/EACCES|EPERM|EROFS/.test(output))
    return `${root} is not writable: change its owner to you (chown), then run the command again.`
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i.test(
      output,
    )
  ) {
    return 'The npm registry cannot be reached: check the network, `npm config get registry` and the proxy, then run the command again.'
  }
  const last = output.trim().split('\n').slice(-8).join('\n')
  return `\`npm ${command}\` failed with code ${code}: fix what it says below, then run the command again.\n${last}`
}

/** Runs npm in a folder and shows its progress. Ends the process if it fails. */
const runNpm = async (npmArguments, cwd) => {
  const started = Date.now()
  const grown = join(cwd, 'node_modules')
  const [command, ...npmScript] = npmCommand()
  const args = [...npmScript, ...npmArguments, '--no-audit', '--no-fund', '--loglevel=error']
  const npm = spawn(command, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  npm.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-MAX_KEPT_ERROR_CHARS)
  })
  const beat = setInterval(() => say(`  ${megabytesOf(grown)}, ${seconds(started)}`), BEAT_MS)
  const stop = (signal) => {
    npm.kill(signal)
    releaseInstallLock()
    process.exit(128 + os.signals[signal])
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const code = await new Promise((done) => {
    npm.on('error', () =>
      fail('There is no npm: install Node.js with npm (https://nodejs.org), then run the command again.'),
    )
    npm.on('close', done)
  })
  clearInterval(beat)
  process.off('SIGINT', stop).off('SIGTERM', stop)
  if (code !== 0) fail(explain(npmArguments[0], code, output))
  return `${megabytesOf(grown)} in ${seconds(started)}`
}

/** Installs the packages: all of them, or those that running needs. */
const runNpmCi = async (all) => {
  say(all ? 'Installing packages (npm ci) …' : 'Installing packages (npm ci, without those of the tests) …')
  const installed = await runNpm(['ci', all ? '--include=dev' : '--omit=dev'], root)
  say(`Packages installed: ${installed}.`)
}

/** Where the Node of this machine's user is kept: in the cache, as the servers are; here where that cannot be written. */
const nodeFolder = () => {
  const name = `node-${NODE_INSTEAD}`
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'loops')
  try {
    mkdirSync(cache, { recursive: true })
    accessSync(cache, constants.W_OK)
    return join(cache, name)
  } catch {
    return join(root, '.loops', name)
  }
}

/**
 * The Node that runs the script: this one if it is new enough; else one that is fetched once for all copies of Loops. It
 * comes by its package, so a registry is enough.
 * @returns the path of the binary
 */
const findNode = async () => {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return process.execPath
  const folder = nodeFolder()
  const node = join(folder, 'node_modules', '.bin', 'node')
  if (existsSync(node)) return node
  say(`Node ${process.versions.node} is too old for Loops: fetching ${NODE_INSTEAD} for it …`)
  // Made beside and moved: whoever sees it sees all of it, and of two that make it the second one's is dropped.
  const made = `${folder}.${process.pid}`
  mkdirSync(made, { recursive: true })
  process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  writeFileSync(join(made, 'package.json'), JSON.stringify({ private: true, allowScripts: { node: true } }))
  const installed = await runNpm(['install', `node@${NODE_INSTEAD}`, '--ignore-scripts=false'], made)
  if (!existsSync(join(made, 'node_modules', '.bin', 'node')))
    fail(
      `npm did not install Node ${OLDEST_NODE}: allow install scripts (\`npm config set ignore-scripts false\`), or install Node ${OLDEST_NODE} (https://nodejs.org), then run the command again.`,
    )
  try {
    renameSync(made, folder)
  } catch (error) {
    if (!existsSync(node)) throw error
  }
  say(`Node ${NODE_INSTEAD} installed: ${installed}, kept in ${folder}.`)
  return node
}

/** The size of all files below a folder in megabytes. A file with several hard links counts once. */
const megabytesOf = (folder) => {
  const seen = new Set()
  let bytes = 0
  const add = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name)
      if (entry.isDirectory()) add(inner)
      else if (entry.isFile()) {
        const { ino, size } = statSync(inner)
        if (!seen.has(ino)) bytes += size
        seen.add(ino)
      }
    }
  }
  try {
    add(folder)
  } catch {
    // npm renames folders while it works. The next call sees them.
  }
  return `${(bytes / 1e6).toFixed(0)} MB`
}

const releaseInstallLock = () => rmSync(installLock, { force: true })

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

/** Takes the lock, if it is free. Two installations at once would delete each other's files. */
const takeInstallLock = () => {
  mkdirSync(dirname(installLock), { recursive: true })
  try {
    writeFileSync(installLock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  const holder = Number(readFileSync(installLock, 'utf8'))
  const age = Date.now() - statSync(installLock).mtimeMs
  if (age > MAX_INSTALL_WAIT_MS || (holder > 0 && !isAlive(holder))) releaseInstallLock()
  return false
}

/** Installs the packages that a script needs and that lack, or waits for another process that is installing some. */
const install = async (all) => {
  const deadline = Date.now() + MAX_INSTALL_WAIT_MS
  let announced = false
  while (!isInstalled(all)) {
    if (takeInstallLock()) {
      process.once('exit', releaseInstallLock)
      await runNpmCi(all || hasDevelopment())
      releaseInstallLock()
      return
    }
    if (!announced && existsSync(installLock))
      say('Another process is installing the packages: waiting for it …')
    announced = true
    if (Date.now() > deadline)
      fail(`Another process has been installing for too long: end it or delete ${installLock}.`)
    await sleep(200)
  }
}

/**
 * Runs the script on Node 24 and exits as it does. This process only passes signals on, and waits while the script shuts
 * down. If this process dies, the script notices that the channel between them closes ('disconnect'). A killed npm passes
 * nothing on, but then this process gets another parent. package.json uses `exec`, since a shell in between would die of a
 * signal at once, and npm with it, while the script is still shutting down.
 */
const handOver = (node, script, args) => {
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  // Compiled code is kept between runs, which halves what the start of a service costs.
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node'), ...process.env }
  const child = spawn(node, [resolve(root, script), ...args], { cwd: root, env, stdio })
  const last = {}
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      const repeated = Date.now() - (last[signal] ?? 0) < SAME_SIGNAL_MS
      last[signal] = Date.now()
      if (!repeated) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event !== undefined) {
    const npm = process.ppid
    const watch = setInterval(() => {
      if (process.ppid === npm) return
      clearInterval(watch)
      child.kill('SIGTERM')
    }, PARENT_POLL_MS)
  }
  child.on('error', (error) =>
    fail(`${node} cannot be run (${error.message}): delete it, then run the command again.`),
  )
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + os.signals[signal]))
}

const [script, ...args] = process.argv.slice(2)
if (script === undefined) fail('Usage: node infra/bootstrap.mjs <script.ts> [arguments]')
let node
try {
  await install(FOR_DEVELOPERS.test(script))
  node = await findNode()
} catch (error) {
  fail(explain('install', error.code, String(error.message)))
}
handOver(node, script, args)
