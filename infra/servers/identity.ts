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

const LOOKS = 50
const LOOK_AGAIN_MS = 1

/**
 * proc(5): in `stat`, after the name in brackets, come the state and, nineteen fields on, the start time. A process has
 * no command line in the moment after its start, while the kernel puts its program in place, and none in the moment
 * before its end, when it is not yet shown as dead: then it is looked at again.
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
