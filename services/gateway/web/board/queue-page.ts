// The queue: the loops in order, what is on hold and what shipped. The page that people see first, in a file of its own.
import { html } from 'hono/html'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { QUEUE } from '../messages/queue.ts'
import { type Board, ifAnswered, notShown, showBoard } from './board.ts'

/** Loops of one page. */
const SHOWN = 50

/** `GET /` of somebody who is signed in. */
export const showQueue = async (board: Board): Promise<Response> => {
  const { deps, call, language } = board
  const words = wordsOf(QUEUE, language)
  const loops = await ifAnswered(
    async () => (await deps.loops.get_loop_queue({ limit: SHOWN }, call())).loops,
  )
  const body = html`<h1>${words.word('title')}</h1>
    ${loops ? '' : notShown(language)}
    <ol class="loops">${loops?.map(({ id, name }) => html`<li id="loop-${id}" data-row><a href="/loops/${id}">${name}</a></li>`)}</ol>`
  return showBoard(board, { title: words.word('title'), place: 'queue', live: 'workspace', body })
}
