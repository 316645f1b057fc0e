// The words of the page on which a person decides about an app, and of what is said when that cannot be asked. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const CONSENT = defineMessages({
  en: {
    start_again: 'Start again from the app',
    start_again_next:
      'This request has expired or has been answered. If the app is not connected, go back to it and connect again; nothing is lost.',
    title: 'Let “{app}” work for you?',
    own_name: 'That is the name the app gave itself; Loops cannot check it.',
    described_at: 'It describes itself at {host}.',
    to_this_computer:
      'The answer goes to {host}: a program on this computer. Allow it only if you have just started connecting one yourself.',
    to_an_app:
      'The answer goes to {app}, or to any other app that opens {scheme} links on this computer. Allow it only if you have just started connecting one yourself.',
    to_any_app:
      'The answer goes to the app that opens {scheme} links on this computer. Allow it only if you have just started connecting one yourself.',
    to_site: 'The answer goes to {host}.',
    workspace: 'Workspace',
    signed_in_as: 'Signed in as',
    use_another: 'Use another account',
    will_be_able: 'It will be able to',
    allow_less: 'Allow less',
    tick_what_not: 'Tick what it may not do:',
    also_asks: 'It also asks to be allowed to:',
    ends: {
      one: 'It acts in your name. The connection ends after a day without use, and after a year at the latest.',
      other:
        'It acts in your name. The connection ends after {count} days without use, and after a year at the latest.',
    },
    allow: 'Allow',
    deny: 'Deny',
    choose: 'Choose Allow or Deny.',
    choose_workspace: 'Choose a workspace that you are a member of.',
    allows_nothing: 'That would allow the app nothing. Allow more, or choose Deny.',
    blocked:
      'The owner or an admin of this workspace has blocked this app there. Ask them, or choose another workspace.',
    too_many: 'Too many attempts',
    too_many_next:
      'Too many apps are being connected from your network address. Wait {seconds} seconds, then try again.',
    invalid: 'This app’s request is not valid',
    invalid_next:
      'In the app, remove this connection and add it again. If that does not help, show this page to the makers of the app.',
    error: 'Error: {code}',
  },
  de: {
    start_again: 'Beginne noch einmal in der App',
    start_again_next:
      'Diese Anfrage ist abgelaufen oder beantwortet. Wenn die App nicht verbunden ist, geh zu ihr zurück und verbinde sie noch einmal; es geht nichts verloren.',
    title: 'Darf „{app}“ für dich arbeiten?',
    own_name: 'So nennt sich die App selbst; Loops kann das nicht prüfen.',
    described_at: 'Sie beschreibt sich unter {host}.',
    to_this_computer:
      'Die Antwort geht an {host}: ein Programm auf diesem Computer. Erlaube es nur, wenn du gerade selbst begonnen hast, eines zu verbinden.',
    to_an_app:
      'Die Antwort geht an {app} oder an eine andere App, die auf diesem Computer Links mit {scheme} öffnet. Erlaube es nur, wenn du gerade selbst begonnen hast, eine zu verbinden.',
    to_any_app:
      'Die Antwort geht an die App, die auf diesem Computer Links mit {scheme} öffnet. Erlaube es nur, wenn du gerade selbst begonnen hast, eine zu verbinden.',
    to_site: 'Die Antwort geht an {host}.',
    workspace: 'Arbeitsbereich',
    signed_in_as: 'Angemeldet als',
    use_another: 'Ein anderes Konto benutzen',
    will_be_able: 'Das wird sie dürfen',
    allow_less: 'Weniger erlauben',
    tick_what_not: 'Kreuze an, was sie nicht darf:',
    also_asks: 'Außerdem bittet sie darum:',
    ends: {
      one: 'Sie handelt in deinem Namen. Die Verbindung endet nach einem Tag ohne Benutzung und spätestens nach einem Jahr.',
      other:
        'Sie handelt in deinem Namen. Die Verbindung endet nach {count} Tagen ohne Benutzung und spätestens nach einem Jahr.',
    },
    allow: 'Erlauben',
    deny: 'Ablehnen',
    choose: 'Wähle „Erlauben“ oder „Ablehnen“.',
    choose_workspace: 'Wähle einen Arbeitsbereich, in dem du Mitglied bist.',
    allows_nothing: 'Damit dürfte die App gar nichts. Erlaube mehr oder wähle „Ablehnen“.',
    blocked:
      'Inhaber oder Admins dieses Arbeitsbereichs haben diese App dort gesperrt. Frag sie oder wähle einen anderen Arbeitsbereich.',
    too_many: 'Zu viele Versuche',
    too_many_next:
      'Von deiner Netzwerkadresse werden zu viele Apps verbunden. Warte {seconds} Sekunden und versuche es dann noch einmal.',
    invalid: 'Die Anfrage dieser App ist ungültig',
    invalid_next:
      'Entferne in der App diese Verbindung und füge sie neu hinzu. Wenn das nicht hilft, zeige diese Seite denen, die die App herstellen.',
    error: 'Fehler: {code}',
  },
  fr: {
    start_again: 'Recommencez depuis l’application',
    start_again_next:
      'Cette demande a expiré ou a reçu une réponse. Si l’application n’est pas connectée, revenez-y et connectez-la à nouveau ; rien n’est perdu.',
    title: 'Laisser « {app} » travailler pour vous ?',
    own_name: 'C’est le nom que l’application se donne ; Loops ne peut pas le vérifier.',
    described_at: 'Elle se décrit sur {host}.',
    to_this_computer:
      'La réponse va à {host} : un programme sur cet ordinateur. N’autorisez que si vous venez vous-même d’en connecter un.',
    to_an_app:
      'La réponse va à {app}, ou à toute autre application qui ouvre les liens {scheme} sur cet ordinateur. N’autorisez que si vous venez vous-même d’en connecter une.',
    to_any_app:
      'La réponse va à l’application qui ouvre les liens {scheme} sur cet ordinateur. N’autorisez que si vous venez vous-même d’en connecter une.',
    to_site: 'La réponse va à {host}.',
    workspace: 'Espace de travail',
    signed_in_as: 'Connecté en tant que',
    use_another: 'Utiliser un autre compte',
    will_be_able: 'Elle pourra',
    allow_less: 'Autoriser moins',
    tick_what_not: 'Cochez ce qu’elle ne doit pas pouvoir faire :',
    also_asks: 'Elle demande aussi à pouvoir :',
    ends: {
      one: 'Elle agit en votre nom. La connexion prend fin après un jour sans utilisation, et au plus tard après un an.',
      other:
        'Elle agit en votre nom. La connexion prend fin après {count} jours sans utilisation, et au plus tard après un an.',
    },
    allow: 'Autoriser',
    deny: 'Refuser',
    choose: 'Choisissez « Autoriser » ou « Refuser ».',
    choose_workspace: 'Choisissez un espace de travail dont vous êtes membre.',
    allows_nothing: 'L’application ne pourrait rien faire. Autorisez davantage, ou choisissez « Refuser ».',
    blocked:
      'Un propriétaire ou un admin de cet espace de travail y a bloqué cette application. Demandez-lui, ou choisissez un autre espace de travail.',
    too_many: 'Trop de tentatives',
    too_many_next:
      'Trop d’applications se connectent depuis votre adresse réseau. Attendez {seconds} secondes, puis réessayez.',
    invalid: 'La demande de cette application n’est pas valable',
    invalid_next:
      'Dans l’application, supprimez cette connexion et ajoutez-la à nouveau. Si cela ne suffit pas, montrez cette page aux auteurs de l’application.',
    error: 'Erreur : {code}',
  },
  es: {
    start_again: 'Empieza de nuevo desde la aplicación',
    start_again_next:
      'Esta solicitud ha caducado o ya tiene respuesta. Si la aplicación no está conectada, vuelve a ella y conéctala de nuevo; no se pierde nada.',
    title: '¿Dejar que «{app}» trabaje por ti?',
    own_name: 'Ese es el nombre que se da la aplicación; Loops no puede comprobarlo.',
    described_at: 'Se describe en {host}.',
    to_this_computer:
      'La respuesta va a {host}: un programa de este ordenador. Permítelo solo si acabas de empezar a conectar uno.',
    to_an_app:
      'La respuesta va a {app}, o a cualquier otra aplicación que abra enlaces {scheme} en este ordenador. Permítelo solo si acabas de empezar a conectar una.',
    to_any_app:
      'La respuesta va a la aplicación que abre enlaces {scheme} en este ordenador. Permítelo solo si acabas de empezar a conectar una.',
    to_site: 'La respuesta va a {host}.',
    workspace: 'Espacio de trabajo',
    signed_in_as: 'Sesión iniciada como',
    use_another: 'Usar otra cuenta',
    will_be_able: 'Podrá',
    allow_less: 'Permitir menos',
    tick_what_not: 'Marca lo que no podrá hacer:',
    also_asks: 'También pide permiso para:',
    ends: {
      one: 'Actúa en tu nombre. La conexión termina tras un día sin uso, y como máximo tras un año.',
      other: 'Actúa en tu nombre. La conexión termina tras {count} días sin uso, y como máximo tras un año.',
    },
    allow: 'Permitir',
    deny: 'Denegar',
    choose: 'Elige «Permitir» o «Denegar».',
    choose_workspace: 'Elige un espacio de trabajo del que seas miembro.',
    allows_nothing: 'Así la aplicación no podría hacer nada. Permite más o elige «Denegar».',
    blocked:
      'Un propietario o administrador de este espacio de trabajo ha bloqueado allí esta aplicación. Pregúntale o elige otro espacio de trabajo.',
    too_many: 'Demasiados intentos',
    too_many_next:
      'Se están conectando demasiadas aplicaciones desde tu dirección de red. Espera {seconds} segundos e inténtalo de nuevo.',
    invalid: 'La solicitud de esta aplicación no es válida',
    invalid_next:
      'En la aplicación, quita esta conexión y añádela de nuevo. Si no sirve, muestra esta página a quienes hacen la aplicación.',
    error: 'Error: {code}',
  },
  ar: {
    start_again: 'ابدأ من جديد من التطبيق',
    start_again_next:
      'انتهت صلاحية هذا الطلب أو تمت الإجابة عنه. إن لم يكن التطبيق متصلًا فارجع إليه وصِله من جديد؛ لن يضيع شيء.',
    title: 'هل تسمح لتطبيق «{app}» بأن يعمل نيابةً عنك؟',
    own_name: 'هذا هو الاسم الذي أعطاه التطبيق لنفسه، ولا يستطيع Loops التحقق منه.',
    described_at: 'يصف نفسه على {host}.',
    to_this_computer:
      'تذهب الإجابة إلى {host}: برنامج على هذا الحاسوب. لا تسمح به إلا إذا كنت قد بدأت للتو بتوصيل برنامج بنفسك.',
    to_an_app:
      'تذهب الإجابة إلى {app} أو إلى أي تطبيق آخر يفتح روابط {scheme} على هذا الحاسوب. لا تسمح به إلا إذا كنت قد بدأت للتو بتوصيل تطبيق بنفسك.',
    to_any_app:
      'تذهب الإجابة إلى التطبيق الذي يفتح روابط {scheme} على هذا الحاسوب. لا تسمح به إلا إذا كنت قد بدأت للتو بتوصيل تطبيق بنفسك.',
    to_site: 'تذهب الإجابة إلى {host}.',
    workspace: 'مساحة العمل',
    signed_in_as: 'مسجّل الدخول باسم',
    use_another: 'استخدام حساب آخر',
    will_be_able: 'سيكون بإمكانه',
    allow_less: 'السماح بأقل',
    tick_what_not: 'ضع علامة على ما لا يُسمح له به:',
    also_asks: 'ويطلب أيضًا أن يُسمح له بما يلي:',
    ends: {
      one: 'يعمل باسمك. ينتهي الاتصال بعد يوم واحد دون استخدام، وبعد سنة على الأكثر.',
      two: 'يعمل باسمك. ينتهي الاتصال بعد يومين دون استخدام، وبعد سنة على الأكثر.',
      few: 'يعمل باسمك. ينتهي الاتصال بعد {count} أيام دون استخدام، وبعد سنة على الأكثر.',
      many: 'يعمل باسمك. ينتهي الاتصال بعد {count} يومًا دون استخدام، وبعد سنة على الأكثر.',
      other: 'يعمل باسمك. ينتهي الاتصال بعد {count} يوم دون استخدام، وبعد سنة على الأكثر.',
    },
    allow: 'السماح',
    deny: 'الرفض',
    choose: 'اختر السماح أو الرفض.',
    choose_workspace: 'اختر مساحة عمل أنت عضو فيها.',
    allows_nothing: 'بهذا لن يُسمح للتطبيق بشيء. اسمح بأكثر أو اختر الرفض.',
    blocked: 'حظر مالك أو مشرف في مساحة العمل هذه هذا التطبيق فيها. اسأله، أو اختر مساحة عمل أخرى.',
    too_many: 'محاولات كثيرة جدًا',
    too_many_next: 'يجري توصيل تطبيقات كثيرة جدًا من عنوان شبكتك. انتظر {seconds} ثانية ثم حاول من جديد.',
    invalid: 'طلب هذا التطبيق غير صالح',
    invalid_next: 'احذف هذا الاتصال في التطبيق وأضفه من جديد. وإن لم ينفع ذلك فأرِ هذه الصفحة لصانعي التطبيق.',
    error: 'الخطأ: {code}',
  },
})
