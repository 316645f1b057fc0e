// The HTML of a mail as MJML: the look of all mails, in both colour schemes and both directions of writing. Pure.
import { directionOf } from '../../../shared/contracts/define/language.ts'
import { plainLine } from './plain.ts'
import type { Block, Button, Item, Line, Link, Template } from './template.ts'
import { escapeHtml } from './text.ts'

/** Colours of the light scheme, the same as those of the pages. */
export const COLOURS = {
  page: '#f6f7f5',
  card: '#ffffff',
  text: '#1a201e',
  muted: '#55605c',
  line: '#dde2df',
  accent: '#0b6b5d',
  on_accent: '#ffffff',
  accent_soft: '#e4f3ef',
} as const
/** Colours of the dark scheme. STYLE sets them by class, because inline colours cannot depend on the scheme. */
export const DARK: Readonly<Record<keyof typeof COLOURS, string>> = {
  page: '#121514',
  card: '#1b1f1e',
  text: '#e8ecea',
  muted: '#a3afaa',
  line: '#323a37',
  accent: '#63d2bd',
  on_accent: '#06231e',
  accent_soft: '#17322d',
}

// Fonts of the reader's machine: loading one from elsewhere would tell a stranger who opened the mail, and when.
const FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  .text, .text div { overflow-wrap: anywhere; }
  @media (prefers-color-scheme: dark) {
    body, .page, .page > div { background-color: ${DARK.page} !important; }
    .card, .card > table { background-color: ${DARK.card} !important; }
    .card, .card > table > tbody > tr > td { border-color: ${DARK.line} !important; }
    .text div, .text h1, .text h2, .text p, .text td { color: ${DARK.text} !important; }
    .muted div, .text .muted { color: ${DARK.muted} !important; }
    .text .tag { background-color: ${DARK.accent_soft} !important; color: ${DARK.muted} !important; }
    .text .tag.done { color: ${DARK.accent} !important; }
    .text .quote { border-color: ${DARK.line} !important; }
    .text a, .brand div, .text .done { color: ${DARK.accent} !important; }
    .text a.muted { color: ${DARK.muted} !important; }
    .text a.title { color: ${DARK.text} !important; text-decoration-color: ${DARK.muted} !important; }
    .button td, .button a { background-color: ${DARK.accent} !important; color: ${DARK.on_accent} !important; }
  }
  @media (max-width: 620px) {
    .page > div { padding-left: 10px; padding-right: 10px; }
  }`

/** Where lines begin, for mail programs that do not know logical properties. */
type Side = 'left' | 'right'
const sideOf = ({ language }: Template): Side => (directionOf(language) === 'rtl' ? 'right' : 'left')

const htmlLine = (line: Line): string =>
  line
    .map((piece) => {
      if (typeof piece === 'string') return escapeHtml(piece)
      return `<bdi>${'user' in piece ? escapeHtml(piece.user) : `{{${piece.slot}}}`}</bdi>`
    })
    .join('')

const hrefOf = ({ url }: Link): string => (typeof url === 'string' ? escapeHtml(url) : `{{${url.slot}}}`)

const anchor = (link: Link, text: string, style: string, css = ''): string =>
  `<a href="${hrefOf(link)}" target="_blank"${css} style="${style}">${text}</a>`

const text = (html: string): string => `
        <mj-text>${html}</mj-text>`

const tag = (label: string, css: string, colour: string): string =>
  `<span class="${css}" style="display:inline-block;padding:0 9px;border-radius:10px;background-color:${COLOURS.accent_soft};color:${colour};font-size:13px;line-height:21px">${escapeHtml(label)}</span>`

const labelTag = (label: string, mark: string | undefined): string =>
  mark === undefined ? tag(label, 'tag', COLOURS.muted) : tag(`${mark} ${label}`, 'tag done', COLOURS.accent)

const heading = ({ label, mark, line }: Block & { kind: 'heading' }): string => {
  const over =
    label === undefined ? '' : `<p style="margin:0 0 8px;font-weight:600">${labelTag(label, mark)}</p>`
  return text(
    `${over}<h1 style="margin:0 0 14px;font-size:24px;line-height:1.3;font-weight:700;color:${COLOURS.text}">${htmlLine(line)}</h1>`,
  )
}

/** The titles of a list are links, and still read as titles. */
const TITLE = `color:${COLOURS.text};text-decoration:underline;text-decoration-thickness:1px;text-decoration-color:${COLOURS.muted};text-underline-offset:3px`

const row = ({ title, status, url }: Item, mark: string): string => {
  const css = mark === '✓' ? 'done' : 'muted'
  const colour = mark === '✓' ? COLOURS.accent : COLOURS.muted
  const cell = 'padding:5px 0;font-size:16px;line-height:1.5;vertical-align:top'
  return `<li style="margin:0;padding:0"><table role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"><tr><td class="${css}" aria-hidden="true" width="28" style="${cell};width:28px;color:${colour};font-weight:700">${mark}</td><td style="${cell};color:${COLOURS.text}">${anchor({ label: title, url }, `<bdi>${escapeHtml(title)}</bdi>`, TITLE, ' class="title"')}${status === undefined ? '' : ` ${tag(status, 'tag', COLOURS.muted)}`}</td></tr></table></li>`
}

const list = ({ heading, mark, items, more }: Block & { kind: 'list' }): string =>
  text(
    `<h2 style="margin:26px 0 6px;font-size:16px;line-height:1.4;font-weight:700;color:${COLOURS.text}">${escapeHtml(heading)}</h2><ul style="margin:0;padding:0;list-style:none">${items.map((item) => row(item, mark)).join('')}</ul>${
      more
        ? `<p style="margin:6px 0 0">${anchor(more, escapeHtml(more.label), `color:${COLOURS.accent}`)}</p>`
        : ''
    }`,
  )

const button = ({ link, note }: Button, side: Side): string =>
  `
        <mj-button css-class="button" href="${hrefOf(link)}" align="${side}">${escapeHtml(link.label)}</mj-button>${
          note
            ? text(
                `<p class="muted" style="margin:10px 0 0;font-size:14px;color:${COLOURS.muted}">${htmlLine(note)}<br>${anchor(link, hrefOf(link), `color:${COLOURS.accent};word-break:break-all`, ' dir="ltr"')}</p>`,
              )
            : ''
        }`

const block = (shown: Block, side: Side): string => {
  switch (shown.kind) {
    case 'heading':
      return heading(shown)
    case 'paragraph':
      return text(
        `<p style="margin:0 0 8px;${shown.strong ? 'font-weight:600' : ''}">${htmlLine(shown.line)}</p>`,
      )
    case 'quote':
      return text(
        `<p class="quote muted" dir="auto" style="margin:12px 0 0;padding:2px 14px;border-${side}:3px solid ${COLOURS.line};color:${COLOURS.muted};text-align:${side}">${escapeHtml(shown.text)}</p>`,
      )
    case 'list':
      return list(shown)
  }
}

const footer = ({ footer: { line, links } }: Template): string => {
  const anchors = links.map((link) =>
    anchor(link, escapeHtml(link.label), `color:${COLOURS.muted}`, ' class="muted"'),
  )
  return `${htmlLine(line)}${anchors.length === 0 ? '' : `<br>${anchors.join(' · ')}`}`
}

const brand = ({ workspace }: Template): string =>
  workspace === ''
    ? 'Loops'
    : `Loops <span class="muted" style="color:${COLOURS.muted};font-weight:400">· <bdi>${escapeHtml(workspace)}</bdi></span>`

const head = (template: Template, direction: string, side: Side): string => `
  <mj-head>
    <mj-title>${escapeHtml(template.subject)}</mj-title>
    <mj-preview>${escapeHtml(plainLine(template.preview, template))}</mj-preview>
    <mj-raw>
      <meta name="color-scheme" content="light dark">
      <meta name="supported-color-schemes" content="light dark">
    </mj-raw>
    <mj-attributes>
      <mj-all font-family="${FONT}" />
      <mj-section direction="${direction}" />
      <mj-column direction="${direction}" />
      <mj-text align="${side}" font-size="16px" line-height="1.55" color="${COLOURS.text}" padding="0 28px" css-class="text" />
      <mj-button background-color="${COLOURS.accent}" color="${COLOURS.on_accent}" font-size="16px" font-weight="600" border-radius="8px" inner-padding="12px 22px" padding="22px 28px 8px" />
    </mj-attributes>
    <mj-style>${STYLE}
    </mj-style>
  </mj-head>`

/** A mail's HTML as MJML. It holds slots, `{{name}}`, that are filled for each recipient. */
export const layout = (template: Template): string => {
  const direction = directionOf(template.language)
  const side = sideOf(template)
  return `
<mjml lang="${template.language}" dir="${direction}">${head(template, direction, side)}
  <mj-body background-color="${COLOURS.page}" css-class="page" width="600px">
    <mj-section padding="28px 0 14px">
      <mj-column>
        <mj-text css-class="text brand" font-size="15px" color="${COLOURS.accent}" font-weight="700">${brand(template)}</mj-text>
      </mj-column>
    </mj-section>
    <mj-section css-class="card" background-color="${COLOURS.card}" border="1px solid ${COLOURS.line}" border-radius="12px" padding="24px 0">
      <mj-column>${template.blocks.map((shown) => block(shown, side)).join('')}${button(template.button, side)}
      </mj-column>
    </mj-section>
    <mj-section padding="18px 0 36px">
      <mj-column>
        <mj-text css-class="text muted" font-size="13px" color="${COLOURS.muted}">${footer(template)}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`
}
