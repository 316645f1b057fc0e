// Which process a number stands for: a process id alone is not proof, since ids are used again. Starts and ends nothing.
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
 * A text that no other process has: when it was started and its command line.
 * @returns undefined when there is none with this id, or only a dead one that nobody has waited for
 */
export const identityOf = (pid: number): string | undefined => {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
  } catch {
    return undefined
  }
}

/** proc(5): in `stat`, after the name in brackets, come the state and, nineteen fields on, the start time. */
const fromProc = (pid: number): string | undefined => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined
  return `${fields[19]} ${commandLineOf(pid).replaceAll('\0', ' ').trim()}`
}

const EXEC_LOOKS = 50
const EXEC_LOOK_MS = 1

/** A process that has just been started has no command line for a moment, while the kernel puts its program in place. */
const commandLineOf = (pid: number): string => {
  for (let looks = 1; ; looks += 1) {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
    if (line !== '' || looks === EXEC_LOOKS) return line
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, EXEC_LOOK_MS)
  }
}

const fromPs = (pid: number): string | undefined => {
  const line = execFileSync('ps', ['-ww', '-o', 'stat=,lstart=,command=', '-p', String(pid)], {
    encoding: 'utf8',
  }).trim()
  const [state = '', ...rest] = line.split(/\s+/)
  return line === '' || state.startsWith('Z') ? undefined : rest.join(' ')
}
