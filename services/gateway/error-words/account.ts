// What the gateway refuses about accounts, in every language: a part of ../translated-errors.ts.
import { defineMessages } from '../../../shared/contracts/define/wording.ts'

export const ACCOUNT_ERROR_WORDS = defineMessages({
  en: {
    last_way_in:
      '{provider} is your only way to sign in. Set a password or add another way first, then disconnect it.',
    last_way_in_for_good:
      '{provider} is your only way to sign in here. Connect another provider first, then disconnect it.',
    passwords_off: 'Passwords are not used here. Sign in by single sign-on.',
    same_address: 'That is your address already.',
    address_taken_meanwhile: 'There is already an account with this address.',
    deactivated: 'This account is deactivated. Ask the people who run this installation.',
    last_active_owner:
      '{name} is the last owner of {workspace}. Make somebody else its owner first, such as {others}.',
    more_goes_along:
      'You are now the only member of another workspace, which would be deleted too. Look at the page again.',
    other_address: 'That is not the address of this account.',
  },
  de: {
    last_way_in:
      '{provider} ist dein einziger Weg, dich anzumelden. Lege zuerst ein Passwort fest oder füge einen anderen Weg hinzu und trenne ihn dann.',
    last_way_in_for_good:
      '{provider} ist hier dein einziger Weg, dich anzumelden. Verbinde zuerst einen anderen Anbieter und trenne diesen dann.',
    passwords_off: 'Passwörter werden hier nicht benutzt. Melde dich per Single Sign-on an.',
    same_address: 'Das ist schon deine Adresse.',
    address_taken_meanwhile: 'Mit dieser Adresse gibt es schon ein Konto.',
    deactivated: 'Dieses Konto ist deaktiviert. Frage die Leute, die diese Installation betreiben.',
    last_active_owner:
      '{name} ist der letzte Inhaber von {workspace}. Mache zuerst jemand anderen zum Inhaber, etwa {others}.',
    more_goes_along:
      'Du bist jetzt das einzige Mitglied eines weiteren Arbeitsbereichs, der mit gelöscht würde. Sieh dir die Seite noch einmal an.',
    other_address: 'Das ist nicht die Adresse dieses Kontos.',
  },
  fr: {
    last_way_in:
      '{provider} est votre seul moyen de vous connecter. Choisissez d’abord un mot de passe ou ajoutez un autre moyen, puis détachez-le.',
    last_way_in_for_good:
      '{provider} est ici votre seul moyen de vous connecter. Reliez d’abord un autre fournisseur, puis détachez celui-ci.',
    passwords_off: 'Les mots de passe ne servent pas ici. Utilisez l’authentification unique.',
    same_address: 'C’est déjà votre adresse.',
    address_taken_meanwhile: 'Il existe déjà un compte avec cette adresse.',
    deactivated: 'Ce compte est désactivé. Adressez-vous aux personnes qui gèrent cette installation.',
    last_active_owner:
      '{name} est le dernier propriétaire de {workspace}. Désignez d’abord un autre propriétaire, par exemple {others}.',
    more_goes_along:
      'Vous êtes maintenant le seul membre d’un autre espace de travail, qui serait supprimé aussi. Relisez la page.',
    other_address: 'Ce n’est pas l’adresse de ce compte.',
  },
  es: {
    last_way_in:
      '{provider} es tu única forma de iniciar sesión. Antes de desconectarlo, elige una contraseña o añade otra forma.',
    last_way_in_for_good:
      '{provider} es aquí tu única forma de iniciar sesión. Antes de desconectarlo, conecta otro proveedor.',
    passwords_off: 'Aquí no se usan contraseñas. Usa el inicio de sesión único.',
    same_address: 'Esa ya es tu dirección.',
    address_taken_meanwhile: 'Ya existe una cuenta con esta dirección.',
    deactivated: 'Esta cuenta está desactivada. Habla con quienes administran esta instalación.',
    last_active_owner:
      '{name} es el último propietario de {workspace}. Antes, haz propietario a otra persona, por ejemplo {others}.',
    more_goes_along:
      'Ahora eres el único miembro de otro espacio de trabajo, que también se eliminaría. Vuelve a mirar la página.',
    other_address: 'Esa no es la dirección de esta cuenta.',
  },
  ar: {
    last_way_in: '{provider} هو طريقتك الوحيدة لتسجيل الدخول. عيّن كلمة مرور أو أضف طريقة أخرى أولًا ثم افصله.',
    last_way_in_for_good: '{provider} هو طريقتك الوحيدة لتسجيل الدخول هنا. اربط مزوّدًا آخر أولًا ثم افصله.',
    passwords_off: 'لا تُستخدم كلمات المرور هنا. سجّل الدخول بالطريقة الموحّدة.',
    same_address: 'هذا عنوانك بالفعل.',
    address_taken_meanwhile: 'يوجد حساب بهذا العنوان بالفعل.',
    deactivated: 'هذا الحساب معطَّل. اسأل القائمين على هذا النظام.',
    last_active_owner: '{name} هو آخر مالك لمساحة العمل {workspace}. اجعل غيره مالكًا أولًا، مثل {others}.',
    more_goes_along: 'أصبحت العضو الوحيد في مساحة عمل أخرى ستُحذف أيضًا. انظر إلى الصفحة مرة أخرى.',
    other_address: 'ليس هذا عنوان هذا الحساب.',
  },
})
