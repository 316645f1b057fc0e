// What every request of the gateway carries from the first middleware on.

/** Hono's name for the variables of a request: https://hono.dev/docs/api/context#set-get */
export type GatewayEnv = Readonly<{ Variables: { request_id: string } }>
