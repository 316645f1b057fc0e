// The words of the page of a person's name and address. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const DETAILS = defineMessages({
  en: {
    data: 'Your data',
    data_lead:
      'A file with everything that is kept about your account: workspaces, signed-in browsers, apps and tokens, without any secret. Tasks and comments belong to the workspace; its members can export them there.',
    data_download: 'Download (JSON)',
    title: 'Name and address',
    name: 'Name',
    name_lead:
      'Shown to the members of your workspaces. What you did before keeps the name that you had then.',
    your_name: 'Your name',
    save: 'Save',
    address: 'Address',
    address_lead:
      'You sign in with {email}, and emails go there. A new address is used once you follow the link that we send to it. We then tell the old one.',
    new_address: 'New address',
    send_link: 'Send the link',
    done_name: 'Your name is changed.',
    done_address: 'If the address is free, an email with a link is on its way to it.',
    back: 'Your account',
  },
  de: {
    data: 'Deine Daten',
    data_lead:
      'Eine Datei mit allem, was zu deinem Konto gespeichert ist: Arbeitsbereiche, angemeldete Browser, Apps und Tokens, ohne Geheimnisse. Aufgaben und Kommentare gehören dem Arbeitsbereich; seine Mitglieder können sie dort exportieren.',
    data_download: 'Herunterladen (JSON)',
    title: 'Name und Adresse',
    name: 'Name',
    name_lead:
      'Den Namen sehen die Mitglieder deiner Arbeitsbereiche. Was du bisher getan hast, behält deinen damaligen Namen.',
    your_name: 'Dein Name',
    save: 'Speichern',
    address: 'Adresse',
    address_lead:
      'Du meldest dich mit {email} an, und E-Mails gehen dorthin. Eine neue Adresse gilt, sobald du dem Link folgst, den wir dorthin senden. Dann sagen wir es der alten.',
    new_address: 'Neue Adresse',
    send_link: 'Link senden',
    done_name: 'Dein Name ist geändert.',
    done_address: 'Wenn die Adresse frei ist, ist eine E-Mail mit einem Link dorthin unterwegs.',
    back: 'Dein Konto',
  },
  fr: {
    data: 'Vos données',
    data_lead:
      'Un fichier avec tout ce qui est conservé sur votre compte : espaces de travail, navigateurs connectés, applications et jetons, sans aucun secret. Les tâches et les commentaires appartiennent à l’espace de travail ; ses membres peuvent les y exporter.',
    data_download: 'Télécharger (JSON)',
    title: 'Nom et adresse',
    name: 'Nom',
    name_lead:
      'Les membres de vos espaces de travail le voient. Ce que vous avez fait avant garde le nom que vous aviez alors.',
    your_name: 'Votre nom',
    save: 'Enregistrer',
    address: 'Adresse',
    address_lead:
      'Vous vous connectez avec {email}, et les e-mails y vont. Une nouvelle adresse sert dès que vous suivez le lien que nous y envoyons. Nous prévenons alors l’ancienne.',
    new_address: 'Nouvelle adresse',
    send_link: 'Envoyer le lien',
    done_name: 'Votre nom est changé.',
    done_address: 'Si l’adresse est libre, un e-mail avec un lien y est en route.',
    back: 'Votre compte',
  },
  es: {
    data: 'Tus datos',
    data_lead:
      'Un archivo con todo lo que se guarda sobre tu cuenta: espacios de trabajo, navegadores con sesión iniciada, aplicaciones y tokens, sin ningún secreto. Las tareas y los comentarios son del espacio de trabajo; sus miembros pueden exportarlos allí.',
    data_download: 'Descargar (JSON)',
    title: 'Nombre y dirección',
    name: 'Nombre',
    name_lead:
      'Lo ven los miembros de tus espacios de trabajo. Lo que hiciste antes conserva el nombre que tenías entonces.',
    your_name: 'Tu nombre',
    save: 'Guardar',
    address: 'Dirección',
    address_lead:
      'Inicias sesión con {email}, y los correos van allí. Una dirección nueva se usa en cuanto sigues el enlace que enviamos a ella. Entonces avisamos a la antigua.',
    new_address: 'Dirección nueva',
    send_link: 'Enviar el enlace',
    done_name: 'Tu nombre ha cambiado.',
    done_address: 'Si la dirección está libre, un correo con un enlace va en camino.',
    back: 'Tu cuenta',
  },
  ar: {
    data: 'بياناتك',
    data_lead:
      'ملف فيه كل ما يُحفظ عن حسابك: مساحات العمل والمتصفحات والتطبيقات والرموز، من دون أي سر. المهام والتعليقات ملك مساحة العمل، ويمكن لأعضائها تصديرها هناك.',
    data_download: 'تنزيل (JSON)',
    title: 'الاسم والعنوان',
    name: 'الاسم',
    name_lead: 'يراه أعضاء مساحات عملك. ما فعلته من قبل يحتفظ بالاسم الذي كان لك حينها.',
    your_name: 'اسمك',
    save: 'حفظ',
    address: 'العنوان',
    address_lead:
      'تسجّل الدخول بالعنوان {email} وإليه تصل الرسائل. يُستخدم العنوان الجديد حين تتبع الرابط الذي نرسله إليه، ثم نخبر العنوان القديم.',
    new_address: 'العنوان الجديد',
    send_link: 'إرسال الرابط',
    done_name: 'تغيّر اسمك.',
    done_address: 'إن كان العنوان متاحًا فإن رسالة فيها رابط في طريقها إليه.',
    back: 'حسابك',
  },
})
