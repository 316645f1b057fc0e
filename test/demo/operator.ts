// Creates an account through the data folder, as an operator may where sign-up is closed.
import { runningConfig } from '../../infra/running.ts'
import { type NewAccount, signUp } from '../../services/gateway/accounts/accounts.ts'
import { openDeps } from '../../services/gateway/deps.ts'
import { processEnv } from '../../shared/process/config.ts'
import { openHost } from '../../shared/service.ts'

/**
 * Creates an account with its own workspace in the system that `npm start` runs with this environment's DATA_DIR.
 * @throws StartFault when nothing runs there; AppError with a sentence for a form.
 */
export const signUpByOperator = async (
  url: string,
  account: NewAccount & Readonly<{ email: string; workspace: string }>,
): Promise<void> => {
  const config = { ...runningConfig({ LOG: 'warn', ...processEnv() }), SIGN_UP: 'open' as const }
  const host = await openHost('gateway', config)
  try {
    await signUp(await openDeps(host, new URL(url).origin), account, 'npm run demo')
  } finally {
    await host.stack.disposeAsync()
  }
}
