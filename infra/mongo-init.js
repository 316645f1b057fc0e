// Sets up the MongoDB servers of compose.yaml: replica set, operator, and a user per service.
// A service's user can reach only its own database. mongosh runs this beside the first server. Later runs update passwords
// and roles.
const {
  OPERATOR_PASSWORD,
  OPERATOR_PASSWORD_OLD,
  GATEWAY_PASSWORD,
  TASKS_PASSWORD,
  LOOPS_QUEUE_PASSWORD,
  NOTIFIER_PASSWORD,
  WEBHOOKS_PASSWORD,
  // The servers, with commas in between; those of compose.yaml unless others are given.
  MEMBERS: GIVEN_MEMBERS,
} = process.env
const MEMBERS = (GIVEN_MEMBERS || 'mongo-1:27017,mongo-2:27017,mongo-3:27017').split(',')
const USERS = [
  { user: 'gateway', pwd: GATEWAY_PASSWORD, db: 'loops_gateway' },
  { user: 'tasks', pwd: TASKS_PASSWORD, db: 'loops_tasks' },
  { user: 'loops-queue', pwd: LOOPS_QUEUE_PASSWORD, db: 'loops_loops_queue' },
  { user: 'notifier', pwd: NOTIFIER_PASSWORD, db: 'loops_notifier' },
  { user: 'webhooks', pwd: WEBHOOKS_PASSWORD, db: 'loops_webhooks' },
]

const PRIMARY_LIMIT_MS = 120_000
const POLL_MS = 200

const fail = (sentence) => {
  print(sentence)
  quit(1)
}

const waitForPrimary = (local) => {
  for (let waited_ms = 0; !local.hello().isWritablePrimary; waited_ms += POLL_MS) {
    if (waited_ms > PRIMARY_LIMIT_MS)
      fail('mongo-1 does not become primary: see the logs of the three servers.')
    sleep(POLL_MS)
  }
}

/** Makes the replica set and the operator on new servers. Once there are users, this is refused, and nothing is left to do. */
const firstRun = () => {
  const local = connect('mongodb://127.0.0.1:27017/admin?directConnection=true')
  const members = MEMBERS.map((host, _id) => ({ _id, host, priority: _id === 0 ? 2 : 1 }))
  try {
    local.adminCommand({ replSetInitiate: { _id: 'rs0', members } })
  } catch (error) {
    if (error.codeName === 'Unauthorized') return
    if (error.codeName !== 'AlreadyInitialized') throw error
  }
  waitForPrimary(local)
  local.createUser({ user: 'operator', pwd: OPERATOR_PASSWORD, roles: ['root'] })
}

/** Signs in as the operator. @returns null if the password is wrong */
const signedIn = (password) => {
  const login = `operator:${encodeURIComponent(password)}`
  const options = 'replicaSet=rs0&authSource=admin&w=majority&serverSelectionTimeoutMS=60000'
  try {
    // mongosh awaits what is assigned, but not what is returned: its error would get past the catch.
    const admin = connect(`mongodb://${login}@${MEMBERS.join(',')}/admin?${options}`)
    return admin
  } catch (error) {
    if (error.codeName === 'AuthenticationFailed') return null
    throw error
  }
}

/** Signs in as the operator. If only the old password works, it is changed to the new one first. */
const asOperator = () => {
  const now = signedIn(OPERATOR_PASSWORD)
  if (now) return now
  const before = OPERATOR_PASSWORD_OLD ? signedIn(OPERATOR_PASSWORD_OLD) : null
  if (!before)
    fail(
      "MONGODB_OPERATOR_PASSWORD is not the operator's password. To change the password, start once with the new one as MONGODB_OPERATOR_PASSWORD and the current one as MONGODB_OPERATOR_PASSWORD_OLD.",
    )
  before.updateUser('operator', { pwd: OPERATOR_PASSWORD })
  return signedIn(OPERATOR_PASSWORD)
}

firstRun()
const admin = asOperator()
for (const { user, pwd, db } of USERS) {
  const roles = [{ role: 'readWrite', db }]
  if (admin.getUser(user)) admin.updateUser(user, { pwd, roles })
  else admin.createUser({ user, pwd, roles })
}
print(`MongoDB is ready for ${USERS.map(({ user }) => user).join(', ')}.`)
