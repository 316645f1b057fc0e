// The QR code of a secret, drawn into the page itself: it must not travel further. Pure; apart, since only it knows the library.
import { html, raw } from 'hono/html'
import { encode } from 'uqr'

/** Quiet modules around the code, as ISO/IEC 18004 §9.1 wants them. */
const BORDER = 4

/** A text as a QR code. @param label what screen readers say. */
export const codePicture = (text: string, label: string): ReturnType<typeof html> => {
  const { data, size } = encode(text, { border: BORDER })
  const path = data
    .flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])))
    .join('')
  return html`<svg class="qr-code" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges">
    <rect width="${size}" height="${size}" fill="#fff"/><path d="${raw(path)}" fill="#000"/></svg>`
}
