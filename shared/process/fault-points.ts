// Named steps at which a test may kill the process, to show that a half-done command is finished or undone.

/** Called at each step of a command that touches two documents; does nothing unless that step was armed. */
export type FaultPoint = (step: string) => void

/**
 * A fault point that kills this process, as `kill -9` does, when the armed step is reached.
 * @param armed the step's name, from the variable FAULT; undefined arms nothing.
 */
export const faultPoint = (armed: string | undefined): FaultPoint =>
  armed === undefined
    ? () => undefined
    : (step) => {
        if (step === armed) process.kill(process.pid, 'SIGKILL')
      }
