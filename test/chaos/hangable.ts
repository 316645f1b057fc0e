// Lets a service hang on SIGUSR2: its event loop never gets on, as with an endless loop, yet it uses no processor. Loaded before
// it by `node --import`. Short, because that is all that it is.
const NEVER = new Int32Array(new SharedArrayBuffer(4))

process.on('SIGUSR2', () => {
  Atomics.wait(NEVER, 0, 0)
})
