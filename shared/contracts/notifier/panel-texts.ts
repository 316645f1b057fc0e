// The texts of the page of mails in other languages than English.
import type { PanelTexts } from '../define/panel.ts'

export const PANEL_TEXTS: PanelTexts = {
  de: {
    Mails: 'Mails',
    'What became of the mails of the last 90 days: those of the workspace for its owner and admins, your own for everybody else.':
      'Was aus den Mails der letzten 90 Tage wurde: für Inhaber und Admins alle des Arbeitsbereichs, für alle anderen die eigenen.',
    Status: 'Status',
    To: 'An',
    'as invited': 'wie eingeladen',
    Mail: 'Mail',
    Tries: 'Versuche',
    When: 'Wann',
    Reason: 'Grund',
    pending: 'ausstehend',
    sending: 'wird gesendet',
    sent: 'gesendet',
    failed: 'gescheitert',
    suppressed: 'zurückgehalten',
    'There are no such mails.': 'Es gibt keine solchen Mails.',
    'Send again': 'Noch einmal senden',
    'The mail will be sent again, and its address is in use again. It is not sent to somebody who has unsubscribed.':
      'Die Mail wird noch einmal gesendet, und ihre Adresse wird wieder benutzt. Wer sich abgemeldet hat, bekommt sie nicht.',
  },
  fr: {
    Mails: 'E-mails',
    'What became of the mails of the last 90 days: those of the workspace for its owner and admins, your own for everybody else.':
      'Ce que sont devenus les e-mails des 90 derniers jours : ceux de l’espace de travail pour son propriétaire et ses admins, les vôtres pour tous les autres.',
    Status: 'Statut',
    To: 'À',
    'as invited': 'selon l’invitation',
    Mail: 'E-mail',
    Tries: 'Essais',
    When: 'Quand',
    Reason: 'Raison',
    pending: 'en attente',
    sending: 'en cours d’envoi',
    sent: 'envoyé',
    failed: 'échoué',
    suppressed: 'retenu',
    'There are no such mails.': 'Il n’y a pas de tels e-mails.',
    'Send again': 'Renvoyer',
    'The mail will be sent again, and its address is in use again. It is not sent to somebody who has unsubscribed.':
      'L’e-mail sera renvoyé, et son adresse est de nouveau utilisée. Il n’est pas envoyé aux personnes désabonnées.',
  },
  es: {
    Mails: 'Correos',
    'What became of the mails of the last 90 days: those of the workspace for its owner and admins, your own for everybody else.':
      'Qué fue de los correos de los últimos 90 días: los del espacio de trabajo para su propietario y sus admins, los propios para los demás.',
    Status: 'Estado',
    To: 'Para',
    'as invited': 'como se invitó',
    Mail: 'Correo',
    Tries: 'Intentos',
    When: 'Cuándo',
    Reason: 'Motivo',
    pending: 'pendiente',
    sending: 'enviándose',
    sent: 'enviado',
    failed: 'fallido',
    suppressed: 'retenido',
    'There are no such mails.': 'No hay correos así.',
    'Send again': 'Enviar de nuevo',
    'The mail will be sent again, and its address is in use again. It is not sent to somebody who has unsubscribed.':
      'El correo se enviará de nuevo y su dirección vuelve a usarse. No se envía a quien se ha dado de baja.',
  },
  ar: {
    Mails: 'الرسائل',
    'What became of the mails of the last 90 days: those of the workspace for its owner and admins, your own for everybody else.':
      'ما صارت إليه رسائل آخر 90 يومًا: رسائل مساحة العمل لمالكها ومشرفيها، ورسائلك أنت لغيرهم.',
    Status: 'الحالة',
    To: 'إلى',
    'as invited': 'كما في الدعوة',
    Mail: 'الرسالة',
    Tries: 'المحاولات',
    When: 'الوقت',
    Reason: 'السبب',
    pending: 'معلّقة',
    sending: 'قيد الإرسال',
    sent: 'أُرسلت',
    failed: 'فشلت',
    suppressed: 'محتجزة',
    'There are no such mails.': 'لا توجد رسائل كهذه.',
    'Send again': 'إرسال من جديد',
    'The mail will be sent again, and its address is in use again. It is not sent to somebody who has unsubscribed.':
      'ستُرسل الرسالة من جديد ويُستخدم عنوانها مرة أخرى. ولا تُرسل إلى من ألغى اشتراكه.',
  },
}
