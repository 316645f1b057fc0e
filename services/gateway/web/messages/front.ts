// The words of the front page. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const FRONT = defineMessages({
  en: {
    title: 'One queue of work for people and agents',
    lead: 'File tasks, approve them, group them into loops and put the loops in order. Agents take the next work over MCP, and everyone gets an email when a loop ships.',
    is_new: 'This installation is new',
    setup_link:
      'Whoever runs it finds a setup link in the gateway’s log, and creates the first account with it.',
    first_owns: 'The first account owns the first workspace.',
    create_first: 'Create the first account',
    for_people: 'For people',
    sign_in: 'Sign in',
    new_here: 'New here? {link}',
    create: 'Create an account',
    for_agents: 'For agents',
    give_address: 'Give this address to any MCP client; it will bring you back here to sign in.',
  },
  de: {
    title: 'Eine Warteschlange für Menschen und Agenten',
    lead: 'Lege Aufgaben an, gib sie frei, fasse sie zu Loops zusammen und ordne die Loops. Agenten holen sich über MCP die nächste Arbeit, und alle bekommen eine E-Mail, wenn ein Loop ausgeliefert wird.',
    is_new: 'Diese Installation ist neu',
    setup_link:
      'Wer sie betreibt, findet im Protokoll des Gateways einen Einrichtungslink und legt damit das erste Konto an.',
    first_owns: 'Dem ersten Konto gehört der erste Arbeitsbereich.',
    create_first: 'Das erste Konto anlegen',
    for_people: 'Für Menschen',
    sign_in: 'Anmelden',
    new_here: 'Neu hier? {link}',
    create: 'Konto anlegen',
    for_agents: 'Für Agenten',
    give_address:
      'Gib diese Adresse einem beliebigen MCP-Client; er bringt dich zum Anmelden hierher zurück.',
  },
  fr: {
    title: 'Une seule file de travail pour les personnes et les agents',
    lead: 'Créez des tâches, approuvez-les, regroupez-les en loops et ordonnez les loops. Les agents prennent le travail suivant par MCP, et tout le monde reçoit un e-mail quand un loop est livré.',
    is_new: 'Cette installation est nouvelle',
    setup_link:
      'La personne qui la gère trouve un lien d’installation dans le journal de la passerelle, et crée le premier compte avec lui.',
    first_owns: 'Le premier compte possède le premier espace de travail.',
    create_first: 'Créer le premier compte',
    for_people: 'Pour les personnes',
    sign_in: 'Se connecter',
    new_here: 'Nouveau ici ? {link}',
    create: 'Créer un compte',
    for_agents: 'Pour les agents',
    give_address:
      'Donnez cette adresse à n’importe quel client MCP ; il vous ramènera ici pour vous connecter.',
  },
  es: {
    title: 'Una sola cola de trabajo para personas y agentes',
    lead: 'Crea tareas, apruébalas, agrúpalas en loops y ordena los loops. Los agentes toman el siguiente trabajo por MCP, y todo el mundo recibe un correo cuando se entrega un loop.',
    is_new: 'Esta instalación es nueva',
    setup_link:
      'Quien la administra encuentra un enlace de instalación en el registro de la pasarela y crea con él la primera cuenta.',
    first_owns: 'La primera cuenta es propietaria del primer espacio de trabajo.',
    create_first: 'Crear la primera cuenta',
    for_people: 'Para personas',
    sign_in: 'Iniciar sesión',
    new_here: '¿Es tu primera vez aquí? {link}',
    create: 'Crear una cuenta',
    for_agents: 'Para agentes',
    give_address: 'Da esta dirección a cualquier cliente MCP; te traerá de vuelta aquí para iniciar sesión.',
  },
  ar: {
    title: 'قائمة عمل واحدة للناس والوكلاء',
    lead: 'أنشئ المهام واعتمدها واجمعها في حلقات ورتّب الحلقات. يأخذ الوكلاء العمل التالي عبر MCP، ويتلقى الجميع رسالة عند تسليم حلقة.',
    is_new: 'هذا التثبيت جديد',
    setup_link: 'يجد من يديره رابط إعداد في سجل البوابة، وينشئ به الحساب الأول.',
    first_owns: 'الحساب الأول يملك مساحة العمل الأولى.',
    create_first: 'إنشاء الحساب الأول',
    for_people: 'للناس',
    sign_in: 'تسجيل الدخول',
    new_here: 'جديد هنا؟ {link}',
    create: 'إنشاء حساب',
    for_agents: 'للوكلاء',
    give_address: 'أعطِ هذا العنوان لأي عميل MCP؛ وسيعيدك إلى هنا لتسجيل الدخول.',
  },
})
