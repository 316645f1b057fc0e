// Passkeys: asks the browser for one as a form says, puts its answer into the form's field, and sends the form.

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const withBytes = (list = []) => list.map((one) => ({ ...one, id: bytesOf(one.id) }))

/** What older browsers cannot read from JSON themselves (WebAuthn Level 3 §5.1.8). */
const toMake = (json) =>
  globalThis.PublicKeyCredential.parseCreationOptionsFromJSON?.(json) ?? {
    ...json,
    challenge: bytesOf(json.challenge),
    user: { ...json.user, id: bytesOf(json.user.id) },
    excludeCredentials: withBytes(json.excludeCredentials),
  }
const toAsk = (json) =>
  globalThis.PublicKeyCredential.parseRequestOptionsFromJSON?.(json) ?? {
    ...json,
    challenge: bytesOf(json.challenge),
    allowCredentials: withBytes(json.allowCredentials),
  }

const BUFFERS = ['clientDataJSON', 'attestationObject', 'authenticatorData', 'signature', 'userHandle']

/** The answer as JSON; some password managers give one that has no such method, or one that throws. */
const jsonOf = (credential) => {
  try {
    return credential.toJSON()
  } catch {
    const { id, rawId, type, response } = credential
    const buffers = BUFFERS.flatMap((name) => (response[name] ? [[name, textOf(response[name])]] : []))
    const transports = response.getTransports?.() ?? []
    return {
      id,
      rawId: textOf(rawId),
      type,
      response: { ...Object.fromEntries(buffers), transports },
      clientExtensionResults: credential.getClientExtensionResults(),
    }
  }
}

const ask = (form) => {
  const json = JSON.parse(form.dataset.passkey)
  return form.dataset.passkeyKind === 'make'
    ? navigator.credentials.create({ publicKey: toMake(json) })
    : navigator.credentials.get({ publicKey: toAsk(json) })
}

const answer = async (form) => {
  const failed = form.querySelector('[data-passkey-failed]')
  failed.hidden = true
  try {
    form.elements.credential.value = JSON.stringify(jsonOf(await ask(form)))
    form.submit()
  } catch {
    failed.hidden = false
  }
}

for (const form of document.querySelectorAll('form[data-passkey]')) {
  form.querySelector('[data-passkey-button]').hidden = false
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    answer(form)
  })
}
