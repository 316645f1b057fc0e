// The words of the pages for a forgotten password. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const PASSWORDS = defineMessages({
  en: {
    password: 'Password',
    new_password: 'New password',
    hint: 'At least {min} characters. A few words in a row are easy to remember.',
    forgot: 'Forgot your password?',
    forgot_lead: 'Enter the email address of your account. We will send you a link to choose a new password.',
    email: 'Email',
    send: 'Send the email',
    back: 'Back to sign in',
    sent: 'Check your email',
    sent_lead:
      'If there is an account with that address, we have sent it an email with a link. The link works for one hour.',
    choose: 'Choose a new password',
    choose_lead: 'For the account of {email}. This signs you out of all browsers and disconnects all apps.',
    save: 'Save and sign in',
    known: 'Do you know your password?',
    known_lead:
      'Too many failed attempts may keep you out, even if somebody else made them. Let this browser sign in with your current password; nothing else changes.',
    keep: 'Keep my password and sign in',
    expired: 'This link has expired',
    expired_next: 'It has been used, or an hour has passed. {link}.',
    ask_new: 'Ask for a new one',
  },
  de: {
    password: 'Passwort',
    new_password: 'Neues Passwort',
    hint: 'Mindestens {min} Zeichen. Ein paar Wörter hintereinander sind leicht zu merken.',
    forgot: 'Passwort vergessen?',
    forgot_lead:
      'Gib die E-Mail-Adresse deines Kontos ein. Wir senden dir einen Link, mit dem du ein neues Passwort wählst.',
    email: 'E-Mail',
    send: 'E-Mail senden',
    back: 'Zurück zur Anmeldung',
    sent: 'Sieh in dein Postfach',
    sent_lead:
      'Wenn es zu dieser Adresse ein Konto gibt, haben wir eine E-Mail mit einem Link dorthin gesendet. Der Link gilt eine Stunde.',
    choose: 'Wähle ein neues Passwort',
    choose_lead:
      'Für das Konto von {email}. Du wirst damit in allen Browsern abgemeldet, und alle Apps werden getrennt.',
    save: 'Speichern und anmelden',
    known: 'Kennst du dein Passwort?',
    known_lead:
      'Zu viele Fehlversuche können dich aussperren, auch wenn jemand anderes sie gemacht hat. Lass diesen Browser mit deinem jetzigen Passwort hinein; sonst ändert sich nichts.',
    keep: 'Passwort behalten und anmelden',
    expired: 'Dieser Link ist abgelaufen',
    expired_next: 'Er wurde benutzt, oder eine Stunde ist um. {link}.',
    ask_new: 'Fordere einen neuen an',
  },
  fr: {
    password: 'Mot de passe',
    new_password: 'Nouveau mot de passe',
    hint: 'Au moins {min} caractères. Quelques mots à la suite se retiennent facilement.',
    forgot: 'Mot de passe oublié ?',
    forgot_lead:
      'Saisissez l’adresse e-mail de votre compte. Nous vous enverrons un lien pour choisir un nouveau mot de passe.',
    email: 'E-mail',
    send: 'Envoyer l’e-mail',
    back: 'Retour à la connexion',
    sent: 'Consultez vos e-mails',
    sent_lead:
      'S’il existe un compte avec cette adresse, nous lui avons envoyé un e-mail avec un lien. Le lien fonctionne pendant une heure.',
    choose: 'Choisissez un nouveau mot de passe',
    choose_lead:
      'Pour le compte de {email}. Cela vous déconnecte de tous les navigateurs et déconnecte toutes les applications.',
    save: 'Enregistrer et se connecter',
    known: 'Connaissez-vous votre mot de passe ?',
    known_lead:
      'Trop de tentatives manquées peuvent vous tenir à l’écart, même si une autre personne les a faites. Laissez ce navigateur se connecter avec votre mot de passe actuel ; rien d’autre ne change.',
    keep: 'Garder mon mot de passe et me connecter',
    expired: 'Ce lien a expiré',
    expired_next: 'Il a été utilisé, ou une heure est passée. {link}.',
    ask_new: 'Demandez-en un nouveau',
  },
  es: {
    password: 'Contraseña',
    new_password: 'Contraseña nueva',
    hint: 'Al menos {min} caracteres. Unas cuantas palabras seguidas son fáciles de recordar.',
    forgot: '¿Olvidaste tu contraseña?',
    forgot_lead:
      'Escribe la dirección de correo de tu cuenta. Te enviaremos un enlace para elegir una contraseña nueva.',
    email: 'Correo',
    send: 'Enviar el correo',
    back: 'Volver a iniciar sesión',
    sent: 'Mira tu correo',
    sent_lead:
      'Si hay una cuenta con esa dirección, le hemos enviado un correo con un enlace. El enlace sirve durante una hora.',
    choose: 'Elige una contraseña nueva',
    choose_lead:
      'Para la cuenta de {email}. Esto cierra tu sesión en todos los navegadores y desconecta todas las aplicaciones.',
    save: 'Guardar e iniciar sesión',
    known: '¿Sabes tu contraseña?',
    known_lead:
      'Demasiados intentos fallidos pueden dejarte fuera, aunque los haya hecho otra persona. Deja que este navegador inicie sesión con tu contraseña actual; no cambia nada más.',
    keep: 'Conservar mi contraseña e iniciar sesión',
    expired: 'Este enlace ha caducado',
    expired_next: 'Ya se usó o ha pasado una hora. {link}.',
    ask_new: 'Pide uno nuevo',
  },
  ar: {
    password: 'كلمة المرور',
    new_password: 'كلمة المرور الجديدة',
    hint: '{min} أحرف على الأقل. بضع كلمات متتالية يسهل تذكّرها.',
    forgot: 'هل نسيت كلمة المرور؟',
    forgot_lead: 'أدخل عنوان البريد الإلكتروني لحسابك. سنرسل إليك رابطًا لاختيار كلمة مرور جديدة.',
    email: 'البريد الإلكتروني',
    send: 'إرسال الرسالة',
    back: 'العودة إلى تسجيل الدخول',
    sent: 'راجع بريدك الإلكتروني',
    sent_lead: 'إن كان هناك حساب بهذا العنوان فقد أرسلنا إليه رسالة فيها رابط. يعمل الرابط ساعة واحدة.',
    choose: 'اختر كلمة مرور جديدة',
    choose_lead: 'لحساب {email}. سيسجّل هذا خروجك من جميع المتصفحات ويفصل جميع التطبيقات.',
    save: 'حفظ وتسجيل الدخول',
    known: 'هل تعرف كلمة مرورك؟',
    known_lead:
      'قد تمنعك كثرة المحاولات الفاشلة من الدخول حتى إن قام بها غيرك. دع هذا المتصفح يدخل بكلمة مرورك الحالية؛ ولن يتغيّر شيء آخر.',
    keep: 'الاحتفاظ بكلمة المرور وتسجيل الدخول',
    expired: 'انتهت صلاحية هذا الرابط',
    expired_next: 'استُخدم الرابط أو مرّت ساعة. {link}.',
    ask_new: 'اطلب رابطًا جديدًا',
  },
})
