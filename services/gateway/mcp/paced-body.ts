// A body that knows whether its reader keeps up, so that nothing is written for one that does not read.

export type PacedBody = Readonly<{
  body: ReadableStream<Uint8Array>
  /** Whether all that was written so far has been read, and more is waited for. */
  isRead: () => boolean
}>

/** Passes a body on, a piece at a time and only when asked. */
export const paced = (source: ReadableStream<Uint8Array>): PacedBody => {
  const reader = source.getReader()
  let isWaiting = false
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        isWaiting = true
        const { done, value } = await reader.read()
        isWaiting = false
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  return { body, isRead: () => isWaiting }
}
