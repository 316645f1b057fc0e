// The first steps on the queue page: from a task to a shipped loop. Each ticks itself by what is there; a step that no event
// tells of, the connection of an agent, is looked for every few seconds.
import { getCookie, setCookie } from 'hono/cookie'
import { html } from 'hono/html'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { membershipUnder } from '../../accounts/person-rules.ts'
import { nameOfSiteCookie, siteCookie } from '../../http/cookies.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import { CHECK, type Html } from '../layout.ts'
import { TOUR } from '../messages/tour.ts'
import { type Board, ifAnswered, leaveBoard } from './board.ts'

type TourWords = Words<(typeof TOUR)['en']>

const COOKIE = 'loops_tour'
const DISMISSED_S = 365 * 24 * 60 * 60
/** Connections that are looked through for one of this workspace. */
const LOOKED_AT = 50

const cookieName = ({ deps }: Board): string => nameOfSiteCookie(deps.public_url, COOKIE)

/** The line with which each client connects. */
const clientLines = (mcpUrl: string): readonly (readonly [client: string, line: string])[] => [
  ['Claude Code', `claude mcp add --transport http loops ${mcpUrl}`],
  ['Cursor (~/.cursor/mcp.json)', `{"mcpServers": {"loops": {"url": "${mcpUrl}"}}}`],
  ['VS Code', `code --add-mcp '{"name": "loops", "type": "http", "url": "${mcpUrl}"}'`],
  ['MCP Inspector', `npx @modelcontextprotocol/inspector --server-url ${mcpUrl} --transport http`],
]

type Step = Readonly<{ is_done: boolean; title: string; body: Html }>

const stepView = ({ is_done, title, body }: Step, isNext: boolean, words: TourWords): Html =>
  html`<li class="${is_done ? 'ticked' : ''}" ${isNext ? html`aria-current="step"` : ''}>
      <span class="tick">${is_done ? html`${CHECK}<span class="unseen">${words.word('done')}</span>` : ''}</span>
      <div><h3>${title}</h3>${isNext ? body : ''}</div></li>`

const connecting = (words: TourWords, mcpUrl: string): Html => html`<p>${words.word('connect_how')}</p>
    <dl class="clients">${clientLines(mcpUrl).map(([client, line]) => html`<dt>${client}</dt><dd><code class="code">${line}</code></dd>`)}
      <dt>${words.word('other')}</dt><dd>${words.word('other_how')} <code class="code">${mcpUrl}</code></dd></dl>
    <p class="meta waiting" data-look-again>${words.word('waiting')}</p>`

/** The app of the person that works in this workspace, if one is connected. */
const connectedApp = async ({ deps, now, signedIn, workspace_id }: Board): Promise<string | undefined> => {
  const grants = await deps.store.grants.inForce(signedIn.person._id, now, LOOKED_AT)
  return grants.find((grant) => grant.ws === workspace_id && membershipUnder(grant, signedIn.person))
    ?.client_name
}

/** The first steps of a workspace in which no loop has shipped, until the person has had enough of them; nothing where they cannot be told. */
export const tour = async (board: Board): Promise<Html | ''> => {
  const { c, deps, call, language, may_write, signedIn } = board
  if (!may_write || getCookie(c, cookieName(board)) === signedIn.person._id) return ''
  const stats = await ifAnswered(() => deps.loops.get_queue_stats({}, call()))
  if (!stats) return ''
  const words = wordsOf(TOUR, language)
  const { total, approved, in_progress, shipped } = stats.tasks
  const app = await connectedApp(board)
  const steps: readonly Step[] = [
    { is_done: total > 0, title: words.word('file'), body: html`<p>${words.word('file_how')}</p>` },
    {
      is_done: approved + in_progress + shipped > 0 && stats.loops.total > 0,
      title: words.word('approve'),
      body: html`<p>${words.word('approve_how')} <a href="/triage">${words.word('open_triage')}</a></p>`,
    },
    {
      is_done: app !== undefined,
      title: app === undefined ? words.word('connect') : words.say('connected', { app }),
      body: connecting(words, resourceOf(deps.public_url)),
    },
    {
      is_done: in_progress + shipped > 0,
      title: words.word('work'),
      body: html`<p>${words.word('work_how')}</p>`,
    },
    { is_done: false, title: words.word('ship'), body: html`<p>${words.word('ship_how')}</p>` },
  ]
  const next = steps.findIndex(({ is_done }) => !is_done)
  return html`<section class="card tour" id="tour" aria-labelledby="tour-title">
      <div class="head"><div><h2 id="tour-title">${words.word('title')}</h2><p class="meta">${words.word('intro')}</p></div>
        <form method="post" action="/tour"><button class="plain">${words.word('dismiss')}</button></form></div>
      <ol>${steps.map((step, index) => stepView(step, index === next, words))}</ol></section>`
}

/** `POST /tour`: the person has had enough of the first steps. */
export const dismissTour = async (board: Board): Promise<Response> => {
  const { c, deps, signedIn } = board
  setCookie(c, cookieName(board), signedIn.person._id, {
    ...siteCookie(deps.public_url),
    maxAge: DISMISSED_S,
  })
  return leaveBoard(board, '/')
}
