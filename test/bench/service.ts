// One service in a process of its own, named by SERVICE. Prints its address, or that it is ready.
import { startServices } from '../../services/start.ts'
import { processEnv } from '../../shared/process/config.ts'

const { url = 'ready' } = await startServices(processEnv(), { names: [String(processEnv().SERVICE)] })
console.log(url)
