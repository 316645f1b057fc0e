// The words of the page on which a person deletes their account. Pure.
import { FORMER_MEMBER } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { defineMessages, wordsOf } from '../../../../shared/contracts/define/wording.ts'

export const DELETE_ACCOUNT = defineMessages({
  en: {
    title: 'Delete your account',
    lead: 'This cannot be undone. You can make a new account with the same address afterwards; it is another one.',
    erased: 'What is erased',
    erased_account: 'Your name and address, your password, second factors and links to single sign-on.',
    erased_access:
      'Signed-in browsers, connected apps and tokens. They stop working within seconds, and tasks that you hold go back.',
    erased_mails: 'Your choices about emails, and invitations that you sent or that wait for you.',
    stays: 'What stays, and why',
    stays_work:
      'Tasks, comments and the history of your workspaces, because others work with them. They say “Former member” in place of your name; a name that somebody wrote into a text stays.',
    stays_audit: {
      one: 'The audit log of your workspaces, for {count} day, with your name and address: it shows later what was done, and nobody can change it.',
      other:
        'The audit log of your workspaces, for {count} days, with your name and address: it shows later what was done, and nobody can change it.',
    },
    stays_events:
      'What was passed on to other programs as events, and counts and notes that Loops needs for a short time, until they expire.',
    stays_sent: 'Emails that were sent, and for 90 days the list of those that had a link for your address.',
    stays_backups: 'Backups, until the people who run Loops for you remove them.',
    last_mail: 'One last email tells your address that the account was deleted.',
    download: 'Download your data first (JSON)',
    blocked: 'You are the last owner',
    blocked_by: '{workspace} has other members, such as {others}, but no other owner.',
    blocked_next: 'Make somebody else an owner first, or remove the others: {link}.',
    members: 'members of the workspace',
    along: 'Deleted with your account',
    along_lead:
      'You are the only member of these workspaces, so all of their tasks, loops and comments are deleted too. Service accounts and invitations are no members.',
    along_export: 'Keep a copy first: {link}.',
    export: 'export the workspace',
    confirm: 'To delete the account, type its address: {email}',
    your_address: 'Your address',
    button: 'Delete my account for good',
    deleted: 'Your account is deleted',
    deleted_lead:
      'You are signed out everywhere, and nothing works in your name any more. The rest is erased in the next minutes.',
    back: 'Your account',
    former_member: 'Former member',
  },
  de: {
    title: 'Konto löschen',
    lead: 'Das lässt sich nicht rückgängig machen. Mit derselben Adresse kannst du danach ein neues Konto anlegen; es ist ein anderes.',
    erased: 'Was gelöscht wird',
    erased_account:
      'Dein Name und deine Adresse, dein Passwort, zweite Faktoren und Verbindungen zum Single Sign-on.',
    erased_access:
      'Angemeldete Browser, verbundene Apps und Tokens. Sie gelten nach Sekunden nicht mehr, und Aufgaben, die du hältst, gehen zurück.',
    erased_mails: 'Deine Wahl zu E-Mails und Einladungen, die du verschickt hast oder die auf dich warten.',
    stays: 'Was bleibt, und warum',
    stays_work:
      'Aufgaben, Kommentare und der Verlauf deiner Arbeitsbereiche, denn andere arbeiten damit. Statt deines Namens steht dort „Ehemaliges Mitglied“; ein Name, den jemand in einen Text geschrieben hat, bleibt.',
    stays_audit: {
      one: 'Das Audit-Protokoll deiner Arbeitsbereiche, {count} Tag lang, mit deinem Namen und deiner Adresse: Es zeigt später, was getan wurde, und niemand kann es ändern.',
      other:
        'Das Audit-Protokoll deiner Arbeitsbereiche, {count} Tage lang, mit deinem Namen und deiner Adresse: Es zeigt später, was getan wurde, und niemand kann es ändern.',
    },
    stays_events:
      'Was als Ereignis an andere Programme ging, sowie Zähler und Notizen, die Loops kurz braucht, bis sie ablaufen.',
    stays_sent:
      'Verschickte E-Mails, und 90 Tage lang die Liste derer, die einen Link für deine Adresse hatten.',
    stays_backups: 'Sicherungen, bis die Leute sie entfernen, die Loops für dich betreiben.',
    last_mail: 'Eine letzte E-Mail sagt deiner Adresse, dass das Konto gelöscht wurde.',
    download: 'Lade zuerst deine Daten herunter (JSON)',
    blocked: 'Du bist der letzte Inhaber',
    blocked_by: '{workspace} hat andere Mitglieder, etwa {others}, aber keinen anderen Inhaber.',
    blocked_next: 'Mache zuerst jemand anderen zum Inhaber, oder entferne die anderen: {link}.',
    members: 'Mitglieder des Arbeitsbereichs',
    along: 'Mit deinem Konto gelöscht',
    along_lead:
      'Du bist das einzige Mitglied dieser Arbeitsbereiche. Deshalb werden auch alle ihre Aufgaben, Loops und Kommentare gelöscht. Dienstkonten und Einladungen sind keine Mitglieder.',
    along_export: 'Behalte zuerst eine Kopie: {link}.',
    export: 'Arbeitsbereich exportieren',
    confirm: 'Um das Konto zu löschen, gib seine Adresse ein: {email}',
    your_address: 'Deine Adresse',
    button: 'Mein Konto endgültig löschen',
    deleted: 'Dein Konto ist gelöscht',
    deleted_lead:
      'Du bist überall abgemeldet, und nichts arbeitet mehr in deinem Namen. Der Rest wird in den nächsten Minuten gelöscht.',
    back: 'Dein Konto',
    former_member: 'Ehemaliges Mitglied',
  },
  fr: {
    title: 'Supprimer votre compte',
    lead: 'C’est irréversible. Vous pourrez ensuite créer un nouveau compte avec la même adresse ; ce sera un autre compte.',
    erased: 'Ce qui est effacé',
    erased_account:
      'Votre nom et votre adresse, votre mot de passe, vos seconds facteurs et vos liens avec l’authentification unique.',
    erased_access:
      'Les navigateurs connectés, les applications et les jetons. Ils cessent de fonctionner en quelques secondes, et les tâches que vous tenez sont rendues.',
    erased_mails: 'Vos choix d’e-mails, et les invitations que vous avez envoyées ou qui vous attendent.',
    stays: 'Ce qui reste, et pourquoi',
    stays_work:
      'Les tâches, les commentaires et l’historique de vos espaces de travail, car d’autres s’en servent. On y lit « Ancien membre » à la place de votre nom ; un nom écrit dans un texte y reste.',
    stays_audit: {
      one: 'Le journal d’audit de vos espaces de travail, pendant {count} jour, avec votre nom et votre adresse : il montre plus tard ce qui a été fait, et personne ne peut le changer.',
      other:
        'Le journal d’audit de vos espaces de travail, pendant {count} jours, avec votre nom et votre adresse : il montre plus tard ce qui a été fait, et personne ne peut le changer.',
    },
    stays_events:
      'Ce qui a été transmis à d’autres programmes comme événements, et des compteurs et notes dont Loops a besoin peu de temps, jusqu’à leur expiration.',
    stays_sent:
      'Les e-mails envoyés, et pendant 90 jours la liste de ceux qui avaient un lien pour votre adresse.',
    stays_backups: 'Les sauvegardes, jusqu’à ce que les personnes qui gèrent Loops les suppriment.',
    last_mail: 'Un dernier e-mail dit à votre adresse que le compte a été supprimé.',
    download: 'Télécharger d’abord vos données (JSON)',
    blocked: 'Vous êtes le dernier propriétaire',
    blocked_by: '{workspace} a d’autres membres, comme {others}, mais aucun autre propriétaire.',
    blocked_next: 'Désignez d’abord un autre propriétaire, ou retirez les autres : {link}.',
    members: 'membres de l’espace de travail',
    along: 'Supprimés avec votre compte',
    along_lead:
      'Vous êtes le seul membre de ces espaces de travail : toutes leurs tâches, loops et commentaires sont donc supprimés aussi. Les comptes de service et les invitations ne sont pas des membres.',
    along_export: 'Gardez d’abord une copie : {link}.',
    export: 'exporter l’espace de travail',
    confirm: 'Pour supprimer le compte, saisissez son adresse : {email}',
    your_address: 'Votre adresse',
    button: 'Supprimer définitivement mon compte',
    deleted: 'Votre compte est supprimé',
    deleted_lead:
      'Vous êtes déconnecté partout, et plus rien ne travaille en votre nom. Le reste est effacé dans les prochaines minutes.',
    back: 'Votre compte',
    former_member: 'Ancien membre',
  },
  es: {
    title: 'Eliminar tu cuenta',
    lead: 'No se puede deshacer. Después puedes crear una cuenta nueva con la misma dirección; será otra cuenta.',
    erased: 'Qué se borra',
    erased_account:
      'Tu nombre y tu dirección, tu contraseña, los segundos factores y los enlaces con el inicio de sesión único.',
    erased_access:
      'Los navegadores con sesión iniciada, las aplicaciones conectadas y los tokens. Dejan de funcionar en segundos, y las tareas que tienes se devuelven.',
    erased_mails: 'Lo que elegiste sobre los correos, y las invitaciones que enviaste o que te esperan.',
    stays: 'Qué se queda, y por qué',
    stays_work:
      'Las tareas, los comentarios y el historial de tus espacios de trabajo, porque otros trabajan con ellos. En lugar de tu nombre dicen «Antiguo miembro»; un nombre que alguien escribió en un texto se queda.',
    stays_audit: {
      one: 'El registro de auditoría de tus espacios de trabajo, durante {count} día, con tu nombre y tu dirección: muestra después qué se hizo, y nadie puede cambiarlo.',
      other:
        'El registro de auditoría de tus espacios de trabajo, durante {count} días, con tu nombre y tu dirección: muestra después qué se hizo, y nadie puede cambiarlo.',
    },
    stays_events:
      'Lo que se pasó a otros programas como eventos, y cuentas y notas que Loops necesita poco tiempo, hasta que caducan.',
    stays_sent:
      'Los correos enviados, y durante 90 días la lista de los que tenían un enlace para tu dirección.',
    stays_backups: 'Las copias de seguridad, hasta que las quiten quienes administran Loops.',
    last_mail: 'Un último correo dice a tu dirección que la cuenta se eliminó.',
    download: 'Descargar antes tus datos (JSON)',
    blocked: 'Eres el último propietario',
    blocked_by: '{workspace} tiene otros miembros, como {others}, pero ningún otro propietario.',
    blocked_next: 'Antes, haz propietario a otra persona o quita a los demás: {link}.',
    members: 'miembros del espacio de trabajo',
    along: 'Se eliminan con tu cuenta',
    along_lead:
      'Eres el único miembro de estos espacios de trabajo, así que también se eliminan todas sus tareas, loops y comentarios. Las cuentas de servicio y las invitaciones no son miembros.',
    along_export: 'Guarda antes una copia: {link}.',
    export: 'exportar el espacio de trabajo',
    confirm: 'Para eliminar la cuenta, escribe su dirección: {email}',
    your_address: 'Tu dirección',
    button: 'Eliminar mi cuenta para siempre',
    deleted: 'Tu cuenta está eliminada',
    deleted_lead:
      'Has salido en todas partes y nada trabaja ya en tu nombre. Lo demás se borra en los próximos minutos.',
    back: 'Tu cuenta',
    former_member: 'Antiguo miembro',
  },
  ar: {
    title: 'حذف حسابك',
    lead: 'لا يمكن التراجع عن هذا. يمكنك بعد ذلك إنشاء حساب جديد بالعنوان نفسه، وهو حساب آخر.',
    erased: 'ما يُمحى',
    erased_account: 'اسمك وعنوانك وكلمة مرورك والعوامل الثانية والروابط بالدخول الموحّد.',
    erased_access: 'المتصفحات والتطبيقات المتصلة والرموز. تتوقف عن العمل خلال ثوانٍ، وتعود المهام التي بيدك.',
    erased_mails: 'اختياراتك للرسائل، والدعوات التي أرسلتها أو التي تنتظرك.',
    stays: 'ما يبقى، ولماذا',
    stays_work:
      'المهام والتعليقات وسجل مساحات عملك، لأن غيرك يعمل بها. يُكتب فيها «عضو سابق» مكان اسمك، ويبقى أي اسم كتبه أحد داخل نص.',
    stays_audit: {
      one: 'سجل التدقيق لمساحات عملك يومًا واحدًا ({count}) مع اسمك وعنوانك: يبيّن لاحقًا ما جرى، ولا يستطيع أحد تغييره.',
      other:
        'سجل التدقيق لمساحات عملك مدة {count} يومًا مع اسمك وعنوانك: يبيّن لاحقًا ما جرى، ولا يستطيع أحد تغييره.',
    },
    stays_events: 'ما نُقل إلى برامج أخرى كأحداث، وعدّادات وملاحظات يحتاج إليها النظام وقتًا قصيرًا حتى تنتهي.',
    stays_sent: 'الرسائل التي أُرسلت، ومدة 90 يومًا قائمة ما كان فيه رابط لعنوانك.',
    stays_backups: 'النسخ الاحتياطية، إلى أن يزيلها القائمون على النظام.',
    last_mail: 'رسالة أخيرة تخبر عنوانك بأن الحساب حُذف.',
    download: 'نزّل بياناتك أولًا (JSON)',
    blocked: 'أنت آخر مالك',
    blocked_by: 'في {workspace} أعضاء آخرون، مثل {others}، وليس فيها مالك آخر.',
    blocked_next: 'اجعل غيرك مالكًا أولًا، أو أزل الآخرين: {link}.',
    members: 'أعضاء مساحة العمل',
    along: 'يُحذف مع حسابك',
    along_lead:
      'أنت العضو الوحيد في مساحات العمل هذه، لذلك تُحذف كل مهامها وحلقاتها وتعليقاتها أيضًا. حسابات الخدمة والدعوات ليست أعضاء.',
    along_export: 'احتفظ بنسخة أولًا: {link}.',
    export: 'تصدير مساحة العمل',
    confirm: 'لحذف الحساب اكتب عنوانه: {email}',
    your_address: 'عنوانك',
    button: 'احذف حسابي نهائيًا',
    deleted: 'حُذف حسابك',
    deleted_lead: 'سُجّل خروجك في كل مكان، ولا شيء يعمل باسمك بعد الآن. ويُمحى الباقي في الدقائق القادمة.',
    back: 'حسابك',
    former_member: 'عضو سابق',
  },
})

/** A name as a page shows it: that of deleted accounts in the reader's language. */
export const memberName = (name: string, language: Language): string =>
  name === FORMER_MEMBER ? wordsOf(DELETE_ACCOUNT, language).word('former_member') : name
