// What refusals about second factors say, in every language. Pure.
import { defineMessages } from '../../../shared/contracts/define/wording.ts'

export const FACTOR_WORDS = defineMessages({
  en: {
    unreadable_app:
      'The secret of your app cannot be read any more, because the secret of this installation was replaced. Use a recovery code, then set the app up again; without one, ask the people who run this installation.',
    wrong_code: 'That code is wrong, or it was used before.',
    wrong_passkey: 'That passkey was not accepted. Try again, or use another way.',
    too_many_passkeys: 'You may have {max} passkeys. Remove one that you do not need any more.',
    passkey_known: 'That passkey is already on your account.',
    factor_required:
      'A workspace of yours requires a second factor. Add another one before you remove the last.',
    last_way_in:
      'This passkey is your only way to sign in. Set a password or connect a provider first, then remove it.',
    setup_over: 'This step was left open for too long. Start it again.',
    no_passkey_name: 'Name the passkey, in at most 200 characters.',
    only_owner_requires: 'Only an owner can require a second factor.',
    add_own_first: 'Set up a second factor for yourself first: you would be the first to be kept out.',
  },
  de: {
    unreadable_app:
      'Das Geheimnis deiner App kann nicht mehr gelesen werden, weil das Geheimnis dieser Installation ersetzt wurde. Nimm einen Wiederherstellungscode und richte die App dann neu ein; ohne einen frage die Leute, die diese Installation betreiben.',
    wrong_code: 'Dieser Code ist falsch oder wurde schon benutzt.',
    wrong_passkey:
      'Dieser Passkey wurde nicht angenommen. Versuch es noch einmal oder nimm einen anderen Weg.',
    too_many_passkeys: 'Du kannst {max} Passkeys haben. Entferne einen, den du nicht mehr brauchst.',
    passkey_known: 'Dieser Passkey ist schon in deinem Konto.',
    factor_required:
      'Einer deiner Arbeitsbereiche verlangt einen zweiten Faktor. Füge einen weiteren hinzu, bevor du den letzten entfernst.',
    last_way_in:
      'Dieser Passkey ist dein einziger Weg, dich anzumelden. Lege zuerst ein Passwort fest oder verbinde einen Anbieter und entferne ihn dann.',
    setup_over: 'Dieser Schritt war zu lange offen. Beginne ihn neu.',
    no_passkey_name: 'Gib dem Passkey einen Namen mit höchstens 200 Zeichen.',
    only_owner_requires: 'Nur ein Inhaber kann einen zweiten Faktor verlangen.',
    add_own_first:
      'Richte zuerst für dich selbst einen zweiten Faktor ein: Du wärst sonst als Erster ausgesperrt.',
  },
  fr: {
    unreadable_app:
      'Le secret de votre application ne peut plus être lu, car le secret de cette installation a été remplacé. Utilisez un code de récupération, puis configurez l’application à nouveau ; sans code, adressez-vous aux personnes qui gèrent cette installation.',
    wrong_code: 'Ce code est faux ou a déjà servi.',
    wrong_passkey: 'Cette clé d’accès n’a pas été acceptée. Réessayez ou choisissez un autre moyen.',
    too_many_passkeys: 'Vous pouvez avoir {max} clés d’accès. Retirez-en une dont vous n’avez plus besoin.',
    passkey_known: 'Cette clé d’accès est déjà sur votre compte.',
    factor_required:
      'Un de vos espaces de travail exige un second facteur. Ajoutez-en un autre avant de retirer le dernier.',
    last_way_in:
      'Cette clé d’accès est votre seul moyen de vous connecter. Choisissez d’abord un mot de passe ou reliez un fournisseur, puis retirez-la.',
    setup_over: 'Cette étape est restée ouverte trop longtemps. Recommencez-la.',
    no_passkey_name: 'Donnez à la clé d’accès un nom de 200 caractères au plus.',
    only_owner_requires: 'Seul un propriétaire peut exiger un second facteur.',
    add_own_first:
      'Configurez d’abord un second facteur pour vous-même : vous seriez le premier à rester dehors.',
  },
  es: {
    unreadable_app:
      'El secreto de tu aplicación ya no se puede leer, porque se ha sustituido el secreto de esta instalación. Usa un código de recuperación y configura de nuevo la aplicación; si no tienes ninguno, habla con quienes administran esta instalación.',
    wrong_code: 'El código es incorrecto o ya se ha usado.',
    wrong_passkey: 'No se ha aceptado esa llave de acceso. Inténtalo de nuevo o usa otro medio.',
    too_many_passkeys: 'Puedes tener {max} llaves de acceso. Elimina una que ya no necesites.',
    passkey_known: 'Esa llave de acceso ya está en tu cuenta.',
    factor_required:
      'Uno de tus espacios de trabajo exige un segundo factor. Añade otro antes de eliminar el último.',
    last_way_in:
      'Esta llave de acceso es tu único medio de iniciar sesión. Pon antes una contraseña o conecta un proveedor y después elimínala.',
    setup_over: 'Este paso ha estado abierto demasiado tiempo. Empiézalo de nuevo.',
    no_passkey_name: 'Pon a la llave de acceso un nombre de 200 caracteres como máximo.',
    only_owner_requires: 'Solo un propietario puede exigir un segundo factor.',
    add_own_first: 'Configura antes un segundo factor para ti: serías la primera persona en quedarse fuera.',
  },
  ar: {
    unreadable_app:
      'لم يعد بالإمكان قراءة سر تطبيقك لأن سر هذا النظام استُبدل. استخدم رمز استرداد ثم أعد إعداد التطبيق، وإن لم يكن لديك رمز فاسأل القائمين على هذا النظام.',
    wrong_code: 'هذا الرمز خاطئ أو استُخدم من قبل.',
    wrong_passkey: 'لم يُقبل مفتاح المرور هذا. حاول من جديد أو استخدم طريقة أخرى.',
    too_many_passkeys: 'يمكن أن يكون لديك {max} من مفاتيح المرور. أزل مفتاحًا لم تعد بحاجة إليه.',
    passkey_known: 'مفتاح المرور هذا موجود في حسابك بالفعل.',
    factor_required: 'إحدى مساحات عملك تشترط عاملًا ثانيًا. أضف عاملًا آخر قبل أن تزيل الأخير.',
    last_way_in:
      'مفتاح المرور هذا هو طريقتك الوحيدة لتسجيل الدخول. عيّن كلمة مرور أو اربط مزوّدًا أولًا ثم أزله.',
    setup_over: 'بقيت هذه الخطوة مفتوحة مدة طويلة. ابدأها من جديد.',
    no_passkey_name: 'سمِّ مفتاح المرور في 200 حرف على الأكثر.',
    only_owner_requires: 'لا يشترط العامل الثاني إلا مالك.',
    add_own_first: 'أعِدّ عاملًا ثانيًا لنفسك أولًا، وإلا كنت أول من يبقى خارجًا.',
  },
})
