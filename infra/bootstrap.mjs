// The first step of `npm start` and `npm test`: installs the packages, then hands over to Node 24.
// It runs before anything is installed, on Node 18 or newer, so it is plain JavaScript and uses only built-in modules.
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { constants as os } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const node = join(modules, '.bin', 'node')
const lockfile = join(root, 'package-lock.json')
const installLock = join(root, '.loops', 'install.lock')

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

/**
 * Whether node_modules holds what package-lock.json names. `npm ci` first deletes node_modules and writes its hidden
 * lockfile last, so that file proves that an installation finished. Its content is compared, since a checkout changes times.
 */
const isInstalled = () => {
  const wanted = packagesOf(lockfile)
  if (wanted === undefined)
    fail(`${lockfile} is missing or broken: restore it with \`git checkout package-lock.json\`.`)
  const present = packagesOf(join(modules, '.package-lock.json'))
  if (present === undefined || !existsSync(node)) return false
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === '' || present[path]?.version === version || (optional === true && present[path] === undefined),
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
const explain = (code, output) => {
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
  return `\`npm ci\` failed with code ${code}: fix what it says below, then run the command again.\n${last}`
}

/** Runs `npm ci` and shows its progress. Ends the process if it fails. */
const runNpmCi = async () => {
  const started = Date.now()
  say('Installing packages (npm ci) …')
  const [command, ...npmScript] = npmCommand()
  const args = [...npmScript, 'ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']
  const npm = spawn(command, args, { cwd: root, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  npm.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-MAX_KEPT_ERROR_CHARS)
  })
  const beat = setInterval(() => say(`  ${megabytesOf(modules)}, ${seconds(started)}`), BEAT_MS)
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
  if (code !== 0) fail(explain(code, output))
  if (!existsSync(node)) {
    fail(
      'npm did not install Node 24: allow install scripts (`npm config set ignore-scripts false`), delete node_modules, then run the command again.',
    )
  }
  say(`Packages installed: ${megabytesOf(modules)} in ${seconds(started)}.`)
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

/** Installs the packages if needed, or waits for another process that is installing them. */
const install = async () => {
  const deadline = Date.now() + MAX_INSTALL_WAIT_MS
  let announced = false
  while (!isInstalled()) {
    if (takeInstallLock()) {
      process.once('exit', releaseInstallLock)
      await runNpmCi()
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
const handOver = (script, args) => {
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
    fail(`Node 24 cannot be run (${error.message}): delete node_modules, then run the command again.`),
  )
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + os.signals[signal]))
}

const [script, ...args] = process.argv.slice(2)
if (script === undefined) fail('Usage: node infra/bootstrap.mjs <script.ts> [arguments]')
try {
  await install()
} catch (error) {
  fail(explain(error.code, String(error.message)))
}
handOver(script, args)
