// What is wrong with credentials that somebody asks for, in each language. Pure.
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { defineMessages, type Words, wordsOf } from '../../../shared/contracts/define/wording.ts'
import { fieldFault } from '../translated-errors.ts'

const CREDENTIAL_WORDS = defineMessages({
  en: {
    keys_private:
      'This holds a private key. Enter public keys only, and replace this one: it has left your machine.',
    keys_malformed:
      'This is not a JSON Web Key Set of 1 to {max} public keys that can be used here: RSA with 2048 to 4096 bits, P-256, P-384 or Ed25519.',
    keys_address: 'Enter an https address with a host name, such as https://ci.example.com/jwks.json.',
    keys_twice: 'Enter the keys or their address, not both.',
    no_keys: 'Enter the keys or their address.',
  },
  de: {
    keys_private:
      'Das enthält einen privaten Schlüssel. Gib nur öffentliche Schlüssel ein und ersetze diesen: Er hat deinen Rechner verlassen.',
    keys_malformed:
      'Das ist kein JSON Web Key Set mit 1 bis {max} öffentlichen Schlüsseln, die hier gehen: RSA mit 2048 bis 4096 Bit, P-256, P-384 oder Ed25519.',
    keys_address: 'Gib eine https-Adresse mit einem Hostnamen ein, etwa https://ci.example.com/jwks.json.',
    keys_twice: 'Gib die Schlüssel oder ihre Adresse ein, nicht beides.',
    no_keys: 'Gib die Schlüssel oder ihre Adresse ein.',
  },
  fr: {
    keys_private:
      'Ceci contient une clé privée. N’entrez que des clés publiques, et remplacez celle-ci : elle a quitté votre machine.',
    keys_malformed:
      'Ce n’est pas un JSON Web Key Set de 1 à {max} clés publiques utilisables ici : RSA de 2048 à 4096 bits, P-256, P-384 ou Ed25519.',
    keys_address:
      'Entrez une adresse https avec un nom d’hôte, par exemple https://ci.example.com/jwks.json.',
    keys_twice: 'Entrez les clés ou leur adresse, pas les deux.',
    no_keys: 'Entrez les clés ou leur adresse.',
  },
  es: {
    keys_private:
      'Esto contiene una clave privada. Introduce solo claves públicas y sustituye esta: ha salido de tu equipo.',
    keys_malformed:
      'Esto no es un JSON Web Key Set de 1 a {max} claves públicas que sirvan aquí: RSA de 2048 a 4096 bits, P-256, P-384 o Ed25519.',
    keys_address:
      'Introduce una dirección https con un nombre de host, como https://ci.example.com/jwks.json.',
    keys_twice: 'Introduce las claves o su dirección, no ambas cosas.',
    no_keys: 'Introduce las claves o su dirección.',
  },
  ar: {
    keys_private: 'يحتوي هذا على مفتاح خاص. أدخل مفاتيح عامة فقط، واستبدل هذا المفتاح لأنه غادر جهازك.',
    keys_malformed:
      'هذه ليست JSON Web Key Set فيها من 1 إلى {max} من المفاتيح العامة التي تصلح هنا: RSA من 2048 إلى 4096 بت أو P-256 أو P-384 أو Ed25519.',
    keys_address: 'أدخل عنوان https فيه اسم مضيف، مثل https://ci.example.com/jwks.json.',
    keys_twice: 'أدخل المفاتيح أو عنوانها، لا كليهما.',
    no_keys: 'أدخل المفاتيح أو عنوانها.',
  },
})

/** The refusal of what somebody entered about credentials in a field of a form. */
export const credentialFault = (
  field: string,
  say: (words: Words<(typeof CREDENTIAL_WORDS)['en']>) => string,
): AppError => fieldFault(field, (_, language) => say(wordsOf(CREDENTIAL_WORDS, language)))
