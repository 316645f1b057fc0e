// Names a browser by what it says of itself, so that its person recognizes it. Pure. Nothing is decided by it: anybody can say
// anything there.

/** A browser and the system that it runs on; null where it does not say. */
export type Device = Readonly<{ browser: string | null; system: string | null }>

/** Longer ones are cut: no browser sends as much. */
const MAX_CHARS = 512

/** Most browsers also name those that they are made from, so the order matters (RFC 9110 §10.1.5). */
const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\//, 'Edge'],
  [/\b(?:OPR|OPiOS|Opera)\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:Chrome|CriOS|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPad\b/, 'iPadOS'],
  [/\biPhone\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac(?:intosh| OS X)\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
]

const firstOf = (known: readonly (readonly [RegExp, string])[], text: string): string | null =>
  known.find(([sign]) => sign.test(text))?.[1] ?? null

/** The device of a User-Agent header. */
export const deviceOfAgent = (header: string | undefined): Device => {
  const text = (header ?? '').slice(0, MAX_CHARS)
  return { browser: firstOf(BROWSERS, text), system: firstOf(SYSTEMS, text) }
}
