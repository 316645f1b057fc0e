// The words of single sign-on: the buttons, the page that proves an account, and why somebody is not signed in. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const OIDC = defineMessages({
  en: {
    mail_instead: 'No longer know it? We can mail a link to {email}; open it in this browser.',
    prove_by_mail:
      '{provider} knows you as {shown}. There is already an account with the address {email} here. We can mail a link to that address; opened in this browser, it connects the two, and from then on {provider} signs you in.',
    mail_link: 'Mail me the link',
    mail_again: 'Mail the link again',
    link_sent: 'We have sent a link to {email}. Open it in this browser within 30 minutes.',
    other_browser:
      'This link works only in the browser in which you asked for it, and only until you ask for another. Begin again in this browser, or open the link in the other one.',
    disconnect_provider: 'Disconnect {provider}',
    disconnect_lead: 'If you disconnect it, it no longer signs you in. You stay signed in where you are now.',
    continue_with: 'Continue with {provider}',
    away: '{provider} cannot be reached right now. Try again in a moment.',
    or_password: 'Or with a password',
    owners_password: 'Owners can sign in with a password',
    back: 'Back to sign in',
    try_again: 'Try again',
    refused: 'You are not signed in',
    prove: 'Is this your account?',
    prove_lead:
      '{provider} knows you as {shown}. There is already an account with the address {email} here. Enter its password once to connect the two; from then on {provider} signs you in.',
    prove_no_password:
      '{provider} knows you as {shown}. There is already an account with the address {email} here, and only its owner may connect the two. Sign in to it as before, then connect {provider} on your account page.',
    connect_lead:
      '{provider} knows you as {shown}. Whoever signs in there as {shown} will be signed in to your account ({email}).',
    password: 'Password',
    connect: 'Connect',
    cancel: 'Cancel',
    sign_in_methods: 'Single sign-on',
    connected: '{provider} signs you in.',
    connect_provider: 'Connect {provider}',
    state:
      'This answer does not belong to a sign-in that this browser began in the last ten minutes, or it was used before. Begin again.',
    unknown_provider: 'There is no such provider here. Begin again on the sign-in page.',
    issuer:
      'The answer came from another server than the one that you were sent to. Nothing was done with it. Begin again; if it happens once more, tell the people who run Loops.',
    declined: 'You did not agree at {provider}, so you are not signed in. Begin again if that was a slip.',
    provider_error:
      '{provider} refused the sign-in. Begin again; if it happens once more, tell the people who run Loops: their log says why.',
    provider_away:
      '{provider} cannot be reached right now. Try again in a moment, or sign in in another way.',
    token:
      'What {provider} said about you could not be verified, so nothing was done with it. Begin again; if it happens once more, tell the people who run Loops: their log says why.',
    claims: '{provider} did not say who you are. Tell the people who run Loops.',
    too_many_groups:
      '{provider} lists more groups of yours than Loops reads. Ask the people who run {provider} to send only the groups that matter to Loops.',
    unverified: '{provider} has not verified your email address. Verify it there, then sign in again.',
    domain:
      'Addresses like yours may not sign up here. Sign in at {provider} with the address of your organization, or ask the people who run Loops.',
    no_invitation:
      'There is no open invitation for your address. Ask a member of the workspace to invite exactly the address that {provider} knows, then sign in again.',
    not_set_up:
      'There is no account here yet. The first one is made with the setup link; sign in with {provider} after that.',
    of_another:
      'This account at {provider} is already connected with another account here. Sign in there with another one.',
    link_over: 'This page was used or has expired. Sign in again.',
    deactivated: 'Your account is deactivated. Ask the people who run Loops.',
  },
  de: {
    mail_instead:
      'Du kennst es nicht mehr? Wir können einen Link an {email} schicken; öffne ihn in diesem Browser.',
    prove_by_mail:
      '{provider} kennt dich als {shown}. Hier gibt es schon ein Konto mit der Adresse {email}. Wir können dorthin einen Link schicken; in diesem Browser geöffnet, verbindet er beide, und von da an meldet dich {provider} an.',
    mail_link: 'Link schicken',
    mail_again: 'Den Link noch einmal schicken',
    link_sent:
      'Wir haben einen Link an {email} geschickt. Öffne ihn innerhalb von 30 Minuten in diesem Browser.',
    other_browser:
      'Dieser Link geht nur in dem Browser, in dem du ihn angefordert hast, und nur bis du einen neuen anforderst. Beginne in diesem Browser von vorn, oder öffne den Link im anderen.',
    disconnect_provider: '{provider} trennen',
    disconnect_lead:
      'Wenn du ihn trennst, meldet er dich nicht mehr an. Wo du jetzt angemeldet bist, bleibst du es.',
    continue_with: 'Weiter mit {provider}',
    away: '{provider} ist gerade nicht erreichbar. Versuche es gleich noch einmal.',
    or_password: 'Oder mit Passwort',
    owners_password: 'Inhaber können sich mit Passwort anmelden',
    back: 'Zurück zur Anmeldung',
    try_again: 'Noch einmal versuchen',
    refused: 'Du bist nicht angemeldet',
    prove: 'Ist das dein Konto?',
    prove_lead:
      '{provider} kennt dich als {shown}. Hier gibt es schon ein Konto mit der Adresse {email}. Gib einmal sein Passwort ein, um beide zu verbinden; von da an meldet dich {provider} an.',
    prove_no_password:
      '{provider} kennt dich als {shown}. Hier gibt es schon ein Konto mit der Adresse {email}, und nur wem es gehört, darf beide verbinden. Melde dich dort an wie bisher und verbinde {provider} dann auf deiner Kontoseite.',
    connect_lead:
      '{provider} kennt dich als {shown}. Wer sich dort als {shown} anmeldet, wird dann in deinem Konto ({email}) angemeldet.',
    password: 'Passwort',
    connect: 'Verbinden',
    cancel: 'Abbrechen',
    sign_in_methods: 'Single Sign-on',
    connected: '{provider} meldet dich an.',
    connect_provider: '{provider} verbinden',
    state:
      'Diese Antwort gehört zu keiner Anmeldung, die dieser Browser in den letzten zehn Minuten begonnen hat, oder sie wurde schon benutzt. Beginne von vorn.',
    unknown_provider: 'Diesen Anbieter gibt es hier nicht. Beginne auf der Anmeldeseite von vorn.',
    issuer:
      'Die Antwort kam von einem anderen Server als dem, zu dem du geschickt wurdest. Es wurde nichts damit getan. Beginne von vorn; wenn es noch einmal geschieht, sag es denen, die Loops betreiben.',
    declined:
      'Du hast bei {provider} nicht zugestimmt und bist deshalb nicht angemeldet. Beginne von vorn, wenn es ein Versehen war.',
    provider_error:
      '{provider} hat die Anmeldung abgelehnt. Beginne von vorn; wenn es noch einmal geschieht, sag es denen, die Loops betreiben: In ihrem Protokoll steht der Grund.',
    provider_away:
      '{provider} ist gerade nicht erreichbar. Versuche es gleich noch einmal, oder melde dich auf andere Weise an.',
    token:
      'Was {provider} über dich sagt, ließ sich nicht prüfen; es wurde nichts damit getan. Beginne von vorn; wenn es noch einmal geschieht, sag es denen, die Loops betreiben: In ihrem Protokoll steht der Grund.',
    claims: '{provider} hat nicht gesagt, wer du bist. Sag es denen, die Loops betreiben.',
    too_many_groups:
      '{provider} nennt mehr Gruppen von dir, als Loops liest. Bitte die, die {provider} betreiben, nur die Gruppen zu senden, auf die es hier ankommt.',
    unverified:
      '{provider} hat deine E-Mail-Adresse nicht bestätigt. Bestätige sie dort und melde dich dann noch einmal an.',
    domain:
      'Mit einer Adresse wie deiner kann man hier kein Konto anlegen. Melde dich bei {provider} mit der Adresse deiner Organisation an, oder frage die, die Loops betreiben.',
    no_invitation:
      'Für deine Adresse gibt es keine offene Einladung. Bitte ein Mitglied des Arbeitsbereichs, genau die Adresse einzuladen, die {provider} kennt, und melde dich dann noch einmal an.',
    not_set_up:
      'Hier gibt es noch kein Konto. Das erste wird mit dem Einrichtungslink angelegt; melde dich danach mit {provider} an.',
    of_another:
      'Dieses Konto bei {provider} ist hier schon mit einem anderen Konto verbunden. Melde dich dort mit einem anderen an.',
    link_over: 'Diese Seite wurde benutzt oder ist abgelaufen. Melde dich noch einmal an.',
    deactivated: 'Dein Konto ist deaktiviert. Frage die, die Loops betreiben.',
  },
  fr: {
    mail_instead:
      'Vous ne le connaissez plus\u00a0? Nous pouvons envoyer un lien à {email}\u00a0; ouvrez-le dans ce navigateur.',
    prove_by_mail:
      '{provider} vous connaît sous {shown}. Un compte avec l’adresse {email} existe déjà ici. Nous pouvons y envoyer un lien\u00a0; ouvert dans ce navigateur, il relie les deux, et ensuite {provider} vous connecte.',
    mail_link: 'Envoyez-moi le lien',
    mail_again: 'Renvoyer le lien',
    link_sent: 'Nous avons envoyé un lien à {email}. Ouvrez-le dans ce navigateur dans les 30 minutes.',
    other_browser:
      'Ce lien ne fonctionne que dans le navigateur où vous l’avez demandé, et seulement jusqu’à ce que vous en demandiez un autre. Recommencez dans ce navigateur, ou ouvrez le lien dans l’autre.',
    disconnect_provider: 'Détacher {provider}',
    disconnect_lead:
      'Si vous le détachez, il ne vous connectera plus. Vous restez connecté là où vous l’êtes.',
    continue_with: 'Continuer avec {provider}',
    away: '{provider} est injoignable pour le moment. Réessayez dans un instant.',
    or_password: 'Ou avec un mot de passe',
    owners_password: 'Les propriétaires peuvent se connecter avec un mot de passe',
    back: 'Retour à la connexion',
    try_again: 'Réessayer',
    refused: 'Vous n’êtes pas connecté',
    prove: 'Est-ce votre compte ?',
    prove_lead:
      '{provider} vous connaît sous {shown}. Un compte avec l’adresse {email} existe déjà ici. Saisissez une fois son mot de passe pour relier les deux ; ensuite, {provider} vous connecte.',
    prove_no_password:
      '{provider} vous connaît sous {shown}. Un compte avec l’adresse {email} existe déjà ici, et seul son propriétaire peut relier les deux. Connectez-vous-y comme avant, puis reliez {provider} sur la page de votre compte.',
    connect_lead:
      '{provider} vous connaît sous {shown}. Quiconque s’y connecte sous {shown} sera connecté à votre compte ({email}).',
    password: 'Mot de passe',
    connect: 'Relier',
    cancel: 'Annuler',
    sign_in_methods: 'Authentification unique',
    connected: '{provider} vous connecte.',
    connect_provider: 'Relier {provider}',
    state:
      'Cette réponse n’appartient pas à une connexion commencée dans ce navigateur au cours des dix dernières minutes, ou elle a déjà servi. Recommencez.',
    unknown_provider: 'Ce fournisseur n’existe pas ici. Recommencez sur la page de connexion.',
    issuer:
      'La réponse vient d’un autre serveur que celui vers lequel vous avez été envoyé. Rien n’en a été fait. Recommencez ; si cela se reproduit, prévenez les personnes qui exploitent Loops.',
    declined:
      'Vous n’avez pas donné votre accord chez {provider}, donc vous n’êtes pas connecté. Recommencez si c’était une erreur.',
    provider_error:
      '{provider} a refusé la connexion. Recommencez ; si cela se reproduit, prévenez les personnes qui exploitent Loops : leur journal dit pourquoi.',
    provider_away:
      '{provider} est injoignable pour le moment. Réessayez dans un instant, ou connectez-vous autrement.',
    token:
      'Ce que {provider} dit de vous n’a pas pu être vérifié, et rien n’en a été fait. Recommencez ; si cela se reproduit, prévenez les personnes qui exploitent Loops : leur journal dit pourquoi.',
    claims: '{provider} n’a pas dit qui vous êtes. Prévenez les personnes qui exploitent Loops.',
    too_many_groups:
      '{provider} cite plus de groupes que Loops n’en lit. Demandez aux personnes qui exploitent {provider} de n’envoyer que les groupes utiles à Loops.',
    unverified: '{provider} n’a pas vérifié votre adresse e-mail. Vérifiez-la là-bas, puis reconnectez-vous.',
    domain:
      'Les adresses comme la vôtre ne peuvent pas s’inscrire ici. Connectez-vous chez {provider} avec l’adresse de votre organisation, ou demandez aux personnes qui exploitent Loops.',
    no_invitation:
      'Il n’y a pas d’invitation ouverte pour votre adresse. Demandez à un membre de l’espace de travail d’inviter exactement l’adresse que connaît {provider}, puis reconnectez-vous.',
    not_set_up:
      'Il n’y a pas encore de compte ici. Le premier se crée avec le lien de configuration ; connectez-vous ensuite avec {provider}.',
    of_another:
      'Ce compte chez {provider} est déjà relié à un autre compte ici. Connectez-vous là-bas avec un autre.',
    link_over: 'Cette page a servi ou a expiré. Reconnectez-vous.',
    deactivated: 'Votre compte est désactivé. Demandez aux personnes qui exploitent Loops.',
  },
  es: {
    mail_instead: '¿Ya no la sabes? Podemos enviar un enlace a {email}; ábrelo en este navegador.',
    prove_by_mail:
      '{provider} te conoce como {shown}. Aquí ya hay una cuenta con la dirección {email}. Podemos enviar un enlace a esa dirección; abierto en este navegador, conecta las dos, y desde entonces {provider} inicia tu sesión.',
    mail_link: 'Enviarme el enlace',
    mail_again: 'Enviar el enlace otra vez',
    link_sent: 'Hemos enviado un enlace a {email}. Ábrelo en este navegador en los próximos 30 minutos.',
    other_browser:
      'Este enlace solo funciona en el navegador en el que lo pediste, y solo hasta que pidas otro. Empieza de nuevo en este navegador o abre el enlace en el otro.',
    disconnect_provider: 'Desconectar {provider}',
    disconnect_lead:
      'Si lo desconectas, ya no iniciará tu sesión. Donde ya has iniciado sesión, sigues dentro.',
    continue_with: 'Continuar con {provider}',
    away: '{provider} no responde ahora mismo. Vuelve a intentarlo en un momento.',
    or_password: 'O con contraseña',
    owners_password: 'Los propietarios pueden iniciar sesión con contraseña',
    back: 'Volver al inicio de sesión',
    try_again: 'Intentarlo de nuevo',
    refused: 'No has iniciado sesión',
    prove: '¿Es esta tu cuenta?',
    prove_lead:
      '{provider} te conoce como {shown}. Aquí ya hay una cuenta con la dirección {email}. Escribe su contraseña una vez para conectar las dos; desde entonces {provider} inicia tu sesión.',
    prove_no_password:
      '{provider} te conoce como {shown}. Aquí ya hay una cuenta con la dirección {email}, y solo su dueño puede conectar las dos. Inicia sesión en ella como antes y conecta {provider} en la página de tu cuenta.',
    connect_lead:
      '{provider} te conoce como {shown}. Quien inicie sesión allí como {shown} entrará en tu cuenta ({email}).',
    password: 'Contraseña',
    connect: 'Conectar',
    cancel: 'Cancelar',
    sign_in_methods: 'Inicio de sesión único',
    connected: '{provider} inicia tu sesión.',
    connect_provider: 'Conectar {provider}',
    state:
      'Esta respuesta no pertenece a un inicio de sesión que este navegador comenzara en los últimos diez minutos, o ya se usó. Empieza de nuevo.',
    unknown_provider: 'Aquí no existe ese proveedor. Empieza de nuevo en la página de inicio de sesión.',
    issuer:
      'La respuesta vino de otro servidor que el que te correspondía. No se hizo nada con ella. Empieza de nuevo; si vuelve a ocurrir, avisa a quienes administran Loops.',
    declined:
      'No diste tu permiso en {provider}, así que no has iniciado sesión. Empieza de nuevo si fue un descuido.',
    provider_error:
      '{provider} rechazó el inicio de sesión. Empieza de nuevo; si vuelve a ocurrir, avisa a quienes administran Loops: su registro dice por qué.',
    provider_away:
      '{provider} no responde ahora mismo. Vuelve a intentarlo en un momento o inicia sesión de otra manera.',
    token:
      'No se pudo verificar lo que {provider} dice de ti, así que no se hizo nada con ello. Empieza de nuevo; si vuelve a ocurrir, avisa a quienes administran Loops: su registro dice por qué.',
    claims: '{provider} no dijo quién eres. Avisa a quienes administran Loops.',
    too_many_groups:
      '{provider} nombra más grupos tuyos de los que Loops lee. Pide a quienes administran {provider} que envíen solo los grupos que importan a Loops.',
    unverified: '{provider} no ha verificado tu correo. Verifícalo allí y vuelve a iniciar sesión.',
    domain:
      'Las direcciones como la tuya no pueden registrarse aquí. Inicia sesión en {provider} con la dirección de tu organización o pregunta a quienes administran Loops.',
    no_invitation:
      'No hay una invitación abierta para tu dirección. Pide a un miembro del espacio de trabajo que invite exactamente la dirección que conoce {provider} y vuelve a iniciar sesión.',
    not_set_up:
      'Aquí todavía no hay ninguna cuenta. La primera se crea con el enlace de configuración; después inicia sesión con {provider}.',
    of_another:
      'Esta cuenta de {provider} ya está conectada con otra cuenta de aquí. Inicia sesión allí con otra.',
    link_over: 'Esta página ya se usó o ha caducado. Vuelve a iniciar sesión.',
    deactivated: 'Tu cuenta está desactivada. Pregunta a quienes administran Loops.',
  },
  ar: {
    mail_instead: 'هل نسيتها؟ يمكننا إرسال رابط إلى {email}؛ افتحه في هذا المتصفح.',
    prove_by_mail:
      'يعرفك {provider} باسم {shown}. يوجد هنا حساب بالعنوان {email}. يمكننا إرسال رابط إلى ذلك العنوان؛ إذا فُتح في هذا المتصفح ربط الاثنين، ومن بعدها يسجّل {provider} دخولك.',
    mail_link: 'إرسال الرابط إليّ',
    mail_again: 'إرسال الرابط مرة أخرى',
    link_sent: 'أرسلنا رابطًا إلى {email}. افتحه في هذا المتصفح خلال 30 دقيقة.',
    other_browser:
      'لا يعمل هذا الرابط إلا في المتصفح الذي طلبته فيه، وإلى أن تطلب غيره. ابدأ من جديد في هذا المتصفح أو افتح الرابط في الآخر.',
    disconnect_provider: 'فصل {provider}',
    disconnect_lead: 'إذا فصلته فلن يسجّل دخولك بعد ذلك. تبقى مسجَّل الدخول حيث أنت الآن.',
    continue_with: 'المتابعة باستخدام {provider}',
    away: 'لا يمكن الوصول إلى {provider} الآن. أعد المحاولة بعد قليل.',
    or_password: 'أو بكلمة مرور',
    owners_password: 'يمكن للمالكين تسجيل الدخول بكلمة مرور',
    back: 'العودة إلى تسجيل الدخول',
    try_again: 'أعد المحاولة',
    refused: 'لم يُسجَّل دخولك',
    prove: 'هل هذا حسابك؟',
    prove_lead:
      'يعرفك {provider} باسم {shown}. يوجد هنا حساب بالعنوان {email}. أدخل كلمة مروره مرة واحدة لربط الاثنين، ومن بعدها يسجّل {provider} دخولك.',
    prove_no_password:
      'يعرفك {provider} باسم {shown}. يوجد هنا حساب بالعنوان {email}، ولا يربط الاثنين إلا صاحبه. سجّل الدخول إليه كما اعتدت ثم اربط {provider} من صفحة حسابك.',
    connect_lead:
      'يعرفك {provider} باسم {shown}. من يسجّل الدخول هناك باسم {shown} سيدخل إلى حسابك ({email}).',
    password: 'كلمة المرور',
    connect: 'ربط',
    cancel: 'إلغاء',
    sign_in_methods: 'تسجيل الدخول الموحّد',
    connected: 'يسجّل {provider} دخولك.',
    connect_provider: 'ربط {provider}',
    state:
      'لا تخص هذه الإجابة تسجيل دخول بدأه هذا المتصفح في الدقائق العشر الأخيرة، أو أنها استُخدمت من قبل. ابدأ من جديد.',
    unknown_provider: 'لا يوجد هنا مزوّد كهذا. ابدأ من جديد من صفحة تسجيل الدخول.',
    issuer:
      'جاءت الإجابة من خادم غير الذي أُرسلت إليه، ولم يُفعل بها شيء. ابدأ من جديد، وإن تكرر الأمر فأخبر من يدير Loops.',
    declined: 'لم توافق لدى {provider}، لذلك لم يُسجَّل دخولك. ابدأ من جديد إن كان ذلك سهوًا.',
    provider_error:
      'رفض {provider} تسجيل الدخول. ابدأ من جديد، وإن تكرر الأمر فأخبر من يدير Loops: السبب في سجلهم.',
    provider_away: 'لا يمكن الوصول إلى {provider} الآن. أعد المحاولة بعد قليل أو سجّل الدخول بطريقة أخرى.',
    token:
      'تعذّر التحقق مما قاله {provider} عنك، فلم يُفعل به شيء. ابدأ من جديد، وإن تكرر الأمر فأخبر من يدير Loops: السبب في سجلهم.',
    claims: 'لم يقل {provider} من أنت. أخبر من يدير Loops.',
    too_many_groups:
      'يذكر {provider} لك مجموعات أكثر مما يقرؤه Loops. اطلب ممن يدير {provider} أن يرسل المجموعات التي تهم Loops وحدها.',
    unverified: 'لم يتحقق {provider} من بريدك الإلكتروني. أكّده هناك ثم سجّل الدخول من جديد.',
    domain:
      'لا يمكن لعناوين مثل عنوانك التسجيل هنا. سجّل الدخول لدى {provider} بعنوان مؤسستك أو اسأل من يدير Loops.',
    no_invitation:
      'لا توجد دعوة مفتوحة لعنوانك. اطلب من أحد أعضاء مساحة العمل أن يدعو العنوان الذي يعرفه {provider} بالضبط ثم سجّل الدخول من جديد.',
    not_set_up: 'لا يوجد حساب هنا بعد. يُنشأ الأول برابط الإعداد، وبعده سجّل الدخول باستخدام {provider}.',
    of_another: 'هذا الحساب لدى {provider} مرتبط هنا بحساب آخر. سجّل الدخول هناك بحساب غيره.',
    link_over: 'استُخدمت هذه الصفحة أو انتهت صلاحيتها. سجّل الدخول من جديد.',
    deactivated: 'حسابك معطّل. اسأل من يدير Loops.',
  },
})
