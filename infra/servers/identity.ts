// Identifies processes. A process id alone proves nothing, since the system reuses ids.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Whether any process has this id. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * A text that identifies a process: its start time and command line.
 * @returns undefined if no process has this id, or only a zombie
 */
export const identityOf = (pid: number): string | undefined => {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
  } catch {
    return undefined
  }
}

const LOOKS = 50
const LOOK_AGAIN_MS = 1

/**
 * Reads proc(5). In `stat`, the state follows the name in brackets, and the start time comes nineteen fields later.
 * Just after its start and just before its end, a living process has an empty command line; then this reads it again.
 */
const fromProc = (pid: number): string | undefined => {
  for (let looks = 1; ; looks += 1) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
    if (line !== '' || looks === LOOKS) return `${fields[19]} ${line}`
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN_MS)
  }
}

const fromPs = (pid: number): string | undefined => {
  const line = execFileSync('ps', ['-ww', '-o', 'stat=,lstart=,command=', '-p', String(pid)], {
    encoding: 'utf8',
  }).trim()
  const [state = '', ...rest] = line.split(/\s+/)
  return line === '' || state.startsWith('Z') ? undefined : rest.join(' ')
}
