// Texts that try to become markup, a template, a header, a recipient, or the words beside them.
import fc from 'fast-check'

export const HOSTILE_TEXTS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '</div></td></tr></table><h1>owned</h1>',
  '</mj-text></mj-column></mj-section><mj-raw><script>alert(1)</script></mj-raw>',
  '<mj-raw><img src=x onerror=alert(1)></mj-raw>',
  '<mj-include path="/etc/passwd" />',
  '<mj-include path="file:///etc/passwd" type="html" />',
  '</mj-preview><mj-font name="x" href="https://evil.com/x.css" /><mj-preview>',
  '<!--[if mso]><v:rect></v:rect><![endif]-->',
  '--><script>alert(1)</script><!--',
  ']]><script>alert(1)</script>',
  '</title><script>alert(1)</script>',
  '</style><script>alert(1)</script>',
  '"onmouseover="alert(1)',
  "' style='display:none",
  '`#{1}` $1 $& $` %s',
  '{{unsubscribe_url}}{{name}}{{nothing}}',
  '{{{name}}} {name} {by} {count} {when}',
  '{% raw %}{{ 7*7 }} #{7*7} <%= 7*7 %>',
  '&lt;b&gt; &#60;b&#62; &amp;lt; &NewLine;',
  'a\r\nBcc: eve@evil.com\r\n\r\n<b>body</b>',
  'a\nSubject: other',
  'a\u2028b\u2029c\u0085d\vBcc: eve@evil.com',
  'eve@evil.com, mallory@evil.com',
  '<eve@evil.com>',
  '"Eve" <eve@evil.com>; (comment) group: eve@evil.com;',
  '=?utf-8?Q?=0D=0ABcc:_eve@evil.com?=',
  'dot\r\n.\r\nMAIL FROM:<eve@evil.com>',
  'abc\u202Edcb\u2066 \u2069\u2069\u202C',
  'nul\u0000 bell\u0007 escape\u001B[2J',
  'half \uD800 pair',
  '\u{E0049}\u{E0067}tag characters',
  'שלום <b>עולם</b> {{name}}',
  'https://evil.com/ javascript:alert(1)',
  'y'.repeat(5_000),
  `${'👩‍👩‍👧‍👧'.repeat(400)}`,
] as const

/** Any text that is not blank, with a preference for the characters of markup and templates. */
export const anyText = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({
      unit: fc.constantFrom(...'<>"\'`{}&;/=!-[] \n', 'mj-raw', 'script', '\u202e'),
      maxLength: 60,
    }),
  )
  .filter((text) => /[\p{L}\p{N}\p{P}\p{S}]/u.test(text))
