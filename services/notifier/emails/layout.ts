// The look that all mails share, as MJML: brand line, card, footer, both colour schemes. Pure; knows no single mail.
import { escapeHtml } from './text.ts'

/** A mail before it is rendered. Its MJML may hold slots, `{{name}}`, that are filled for each recipient. */
export type Draft = Readonly<{ subject: string; mjml: string }>

/** What the layout puts around a mail's own content. Texts are plain; `card` and `footer` are MJML of ours. */
export type Layout = Readonly<{
  title: string
  /** The line that mail programs show behind the subject. */
  preview: string
  workspace: string
  card: string
  footer: string
}>

/** Colours of the light scheme; the dark one is in STYLE below, by class, since inline colours cannot ask. */
export const COLOURS = {
  page: '#f4f4f5',
  card: '#ffffff',
  text: '#18181b',
  muted: '#52525b',
  line: '#e4e4e7',
  accent: '#4338ca',
  done: '#15803d',
  tag: '#f4f4f5',
} as const

const FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  .text, .text div { overflow-wrap: anywhere; }
  @media (prefers-color-scheme: dark) {
    body, .page, .page > div { background-color: #111113 !important; }
    .card, .card > table { background-color: #1c1c1f !important; }
    .card, .card > table > tbody > tr > td { border-color: #2e2e33 !important; }
    .text div, .text h1, .text h2, .text p, .text li { color: #f4f4f5 !important; }
    .muted div, .text .muted { color: #a1a1aa !important; }
    .text .done { color: #4ade80 !important; }
    .text .tag { background-color: #2e2e33 !important; color: #d4d4d8 !important; }
    .text .quote { border-color: #3f3f46 !important; }
    .text a, .brand div { color: #a5b4fc !important; }
    .button td, .button a { background-color: #a5b4fc !important; color: #111113 !important; }
  }
  @media (max-width: 620px) {
    .page > div { padding-left: 10px; padding-right: 10px; }
  }`

/** Puts a mail's content into the common look. */
export const layout = ({ title, preview, workspace, card, footer }: Layout): string => `
<mjml lang="en" dir="ltr">
  <mj-head>
    <mj-title>${escapeHtml(title)}</mj-title>
    <mj-preview>${escapeHtml(preview)}</mj-preview>
    <mj-raw>
      <meta name="color-scheme" content="light dark">
      <meta name="supported-color-schemes" content="light dark">
    </mj-raw>
    <mj-attributes>
      <mj-all font-family="${FONT}" />
      <mj-text font-size="16px" line-height="1.55" color="${COLOURS.text}" padding="0 28px" css-class="text" />
    </mj-attributes>
    <mj-style>${STYLE}
    </mj-style>
  </mj-head>
  <mj-body background-color="${COLOURS.page}" css-class="page" width="600px">
    <mj-section padding="28px 0 14px">
      <mj-column>
        <mj-text css-class="text brand" font-size="15px" color="${COLOURS.accent}" font-weight="700"
          >Loops <span class="muted" style="color:${COLOURS.muted};font-weight:400">&nbsp;${escapeHtml(workspace)}</span
        ></mj-text>
      </mj-column>
    </mj-section>
    <mj-section css-class="card" background-color="${COLOURS.card}" border="1px solid ${COLOURS.line}" border-radius="12px" padding="24px 0">
      <mj-column>${card}
      </mj-column>
    </mj-section>
    <mj-section padding="18px 0 36px">
      <mj-column>
        <mj-text css-class="text muted" font-size="13px" color="${COLOURS.muted}">${footer}</mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>`

/** A paragraph or another block of text in the card; `html` is ours, its user text already escaped. */
export const block = (html: string, padding = '0 28px'): string => `
        <mj-text padding="${padding}">${html}</mj-text>`

/** The one thing to do; `href` is ours or a slot. */
export const button = (label: string, href: string): string => `
        <mj-button css-class="button" href="${href}" align="left" background-color="${COLOURS.accent}" color="#ffffff" font-size="16px" font-weight="600" border-radius="8px" inner-padding="12px 22px" padding="20px 28px 8px">${label}</mj-button>`
