// What is wrong with credentials that somebody asks for, in each language. Pure.
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { defineMessages, type Words, wordsOf } from '../../../shared/contracts/define/wording.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'

const CREDENTIAL_WORDS = defineMessages({
  en: {
    keys_private:
      'This holds a private key. Enter public keys only, and replace this one: it has left your machine.',
    keys_malformed:
      'This is not a JSON Web Key Set of 1 to {max} public keys that can be used here: RSA with 2048 to 4096 bits, P-256, P-384 or Ed25519.',
    keys_address: 'Enter an https address with a host name, such as https://ci.example.com/jwks.json.',
    keys_twice: 'Enter the keys or their address, not both.',
    no_keys: 'Enter the keys or their address.',
    no_personal_tokens:
      'This workspace allows no tokens of people. Ask an owner or admin for a service account.',
    days_beyond_policy: 'In this workspace a token may work for at most {max} days.',
    scopes_beyond_policy: 'The policy of this workspace does not allow this right to programs.',
    policy_days: 'Choose one of the times in the list.',
    policy_scopes: 'Choose what programs may do.',
    only_owner_of_policy: 'Only an owner of the workspace can do this.',
    only_managers_of_access: 'Only owners and admins see who has access.',
    too_many_blocked: 'A workspace may block {max} apps. Unblock one first.',
  },
  de: {
    keys_private:
      'Das enthält einen privaten Schlüssel. Gib nur öffentliche Schlüssel ein und ersetze diesen: Er hat deinen Rechner verlassen.',
    keys_malformed:
      'Das ist kein JSON Web Key Set mit 1 bis {max} öffentlichen Schlüsseln, die hier gehen: RSA mit 2048 bis 4096 Bit, P-256, P-384 oder Ed25519.',
    keys_address: 'Gib eine https-Adresse mit einem Hostnamen ein, etwa https://ci.example.com/jwks.json.',
    keys_twice: 'Gib die Schlüssel oder ihre Adresse ein, nicht beides.',
    no_keys: 'Gib die Schlüssel oder ihre Adresse ein.',
    no_personal_tokens:
      'Dieser Arbeitsbereich erlaubt keine Tokens von Personen. Bitte Inhaber oder Admins um ein Dienstkonto.',
    days_beyond_policy: 'In diesem Arbeitsbereich darf ein Token höchstens {max} Tage gelten.',
    scopes_beyond_policy: 'Die Richtlinie dieses Arbeitsbereichs erlaubt Programmen dieses Recht nicht.',
    policy_days: 'Wähle eine der Zeiten in der Liste.',
    policy_scopes: 'Wähle, was Programme dürfen.',
    only_owner_of_policy: 'Das können nur Inhaber des Arbeitsbereichs.',
    only_managers_of_access: 'Wer Zugang hat, sehen nur Inhaber und Admins.',
    too_many_blocked: 'Ein Arbeitsbereich kann {max} Apps sperren. Gib zuerst eine frei.',
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
    no_personal_tokens:
      'Cet espace de travail n’autorise pas les jetons de personnes. Demandez un compte de service à un propriétaire ou à un admin.',
    days_beyond_policy: 'Dans cet espace de travail, un jeton vaut au plus {max} jours.',
    scopes_beyond_policy: 'La politique de cet espace de travail n’accorde pas ce droit aux programmes.',
    policy_days: 'Choisissez une des durées de la liste.',
    policy_scopes: 'Choisissez ce que les programmes peuvent faire.',
    only_owner_of_policy: 'Seul un propriétaire de l’espace de travail peut faire cela.',
    only_managers_of_access: 'Seuls les propriétaires et les admins voient qui a accès.',
    too_many_blocked: 'Un espace de travail peut bloquer {max} applications. Débloquez-en d’abord une.',
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
    no_personal_tokens:
      'Este espacio de trabajo no permite tokens de personas. Pide una cuenta de servicio a un propietario o administrador.',
    days_beyond_policy: 'En este espacio de trabajo un token sirve {max} días como mucho.',
    scopes_beyond_policy: 'La política de este espacio de trabajo no concede este derecho a los programas.',
    policy_days: 'Elige uno de los plazos de la lista.',
    policy_scopes: 'Elige lo que pueden hacer los programas.',
    only_owner_of_policy: 'Solo un propietario del espacio de trabajo puede hacerlo.',
    only_managers_of_access: 'Solo los propietarios y administradores ven quién tiene acceso.',
    too_many_blocked: 'Un espacio de trabajo puede bloquear {max} aplicaciones. Desbloquea una primero.',
  },
  ar: {
    keys_private: 'يحتوي هذا على مفتاح خاص. أدخل مفاتيح عامة فقط، واستبدل هذا المفتاح لأنه غادر جهازك.',
    keys_malformed:
      'هذه ليست JSON Web Key Set فيها من 1 إلى {max} من المفاتيح العامة التي تصلح هنا: RSA من 2048 إلى 4096 بت أو P-256 أو P-384 أو Ed25519.',
    keys_address: 'أدخل عنوان https فيه اسم مضيف، مثل https://ci.example.com/jwks.json.',
    keys_twice: 'أدخل المفاتيح أو عنوانها، لا كليهما.',
    no_keys: 'أدخل المفاتيح أو عنوانها.',
    no_personal_tokens: 'لا تسمح مساحة العمل هذه برموز للأشخاص. اطلب حساب خدمة من مالك أو مشرف.',
    days_beyond_policy: 'في مساحة العمل هذه لا يعمل الرمز أكثر من {max} يومًا.',
    scopes_beyond_policy: 'لا تمنح سياسة مساحة العمل هذه البرامجَ هذا الحق.',
    policy_days: 'اختر إحدى المدد من القائمة.',
    policy_scopes: 'اختر ما يُسمح للبرامج أن تفعله.',
    only_owner_of_policy: 'لا يستطيع ذلك إلا مالك مساحة العمل.',
    only_managers_of_access: 'لا يرى من لديه حق الوصول إلا المالكون والمشرفون.',
    too_many_blocked: 'يمكن لمساحة العمل حظر {max} تطبيق. ألغِ حظر أحدها أولًا.',
  },
})

/** The refusal of what somebody entered about credentials in a field of a form. */
export const credentialFault = (
  field: string,
  say: (words: Words<(typeof CREDENTIAL_WORDS)['en']>) => string,
): AppError => fieldFault(field, (_, language) => say(wordsOf(CREDENTIAL_WORDS, language)))

/** The refusal of what somebody may not do about credentials. */
export const forbiddenCredential = (
  say: (words: Words<(typeof CREDENTIAL_WORDS)['en']>) => string,
): AppError => translatedError('forbidden', (_, language) => say(wordsOf(CREDENTIAL_WORDS, language)))
