// A disk that is full for one process: a limit on file sizes (RLIMIT_FSIZE) makes its writes fail.
import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

/** Makes the writes of a process fail from now on. */
export const fillDisk = (pid: number): Promise<unknown> =>
  promisify(execFile)('prlimit', ['--pid', `${pid}`, '--fsize=1:unlimited'])

/** Whether this machine has the command for it: it is part of util-linux. */
export const canFillDisk = (): boolean => {
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
