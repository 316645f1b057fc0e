// After the last test of a file: drops the databases that the file used, so that the run's MongoDB stays small.
import { afterAll } from 'vitest'
import { dropDatabases } from './stack.ts'

// Hooks run in reverse order, so this one comes after those of the file, which stop what still uses the databases.
afterAll(dropDatabases)
