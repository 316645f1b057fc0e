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

/** Colours of the light scheme, the same as the pages have them. */
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
/** Those of the dark scheme; they stand in STYLE, by class, since inline colours cannot ask for the scheme. */
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

const FONT = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"

const STYLE = `
  :root { color-scheme: light dark; supported-color-schemes: light dark; }
  .text, .text div { overflow-wrap: anywhere; }
  @media (prefers-color-scheme: dark) {
    body, .page, .page > div { background-color: ${DARK.page} !important; }
    .card, .card > table { background-color: ${DARK.card} !important; }
    .card, .card > table > tbody > tr > td { border-color: ${DARK.line} !important; }
    .text div, .text h1, .text h2, .text p, .text li { color: ${DARK.text} !important; }
    .muted div, .text .muted, .text .tag { color: ${DARK.muted} !important; }
    .text .tag { background-color: ${DARK.accent_soft} !important; }
    .text .quote { border-color: ${DARK.line} !important; }
    .text a, .brand div, .text .done { color: ${DARK.accent} !important; }
    .button td, .button a { background-color: ${DARK.accent} !important; color: ${DARK.on_accent} !important; }
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
        <mj-button css-class="button" href="${href}" align="left" background-color="${COLOURS.accent}" color="${COLOURS.on_accent}" font-size="16px" font-weight="600" border-radius="8px" inner-padding="12px 22px" padding="20px 28px 8px">${label}</mj-button>`
