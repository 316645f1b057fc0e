// Named steps at which a test can kill the process. A file of its own: pure code may import the type, and nothing else.

/** Called at each step of a command that changes two documents. Does nothing unless the step is armed. */
export type FaultPoint = (step: string) => void

/**
 * Makes the fault point of a process, which kills it with SIGKILL when the armed step is reached.
 * @param armed the name of the step, from the variable FAULT; undefined arms none.
 */
export const faultPoint = (armed: string | undefined): FaultPoint =>
  armed === undefined
    ? () => undefined
    : (step) => {
        if (step === armed) process.kill(process.pid, 'SIGKILL')
      }
