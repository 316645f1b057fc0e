// An orderly stop, with every step at its longest, is over before the process is ended.
import { expect, test } from 'vitest'
import { CLOSE_TIMEOUT_MS } from '../../../services/notifier/mailer.ts'
import { STOP_TIMEOUT_MS } from '../../../shared/process/lifecycle.ts'
import { STOP_STEPS_MS } from '../../../shared/storage/worker.ts'

test('a_stop_is_over_before_the_process_is_ended', () => {
  const steps_ms = Object.values(STOP_STEPS_MS).reduce((sum, step_ms) => sum + step_ms, CLOSE_TIMEOUT_MS)
  expect(steps_ms).toBeLessThan(STOP_TIMEOUT_MS)
})
