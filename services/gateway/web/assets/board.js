// @ts-check
// The script of the board: what it does once the page is there. Its parts are beside it.
import './keys.js'
import './search.js'
import { listen } from './live.js'
import { keepAddress, showDone } from './page.js'

document.documentElement.classList.add('scripted')
showDone()
keepAddress()
if (document.body.dataset.live) listen(document.body.dataset.live)
