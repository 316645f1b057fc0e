// The mails in German. Pure.
import type { Messages } from './en.ts'

export const de: Messages = {
  shipped_subject: 'Ausgeliefert: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'Ausgeliefert',
  shipped_by: 'Hallo {name}, {by} hat diesen Loop am {when} ausgeliefert.',
  shipped_by_through: 'Hallo {name}, {by} hat diesen Loop am {when} mit {client} ausgeliefert.',
  summary: '{shipped}, {left}',
  tasks_shipped: { one: '{count} Aufgabe ausgeliefert', other: '{count} Aufgaben ausgeliefert' },
  tasks_left: { other: '{count} nicht fertig' },
  nothing_left: 'nichts ist offen geblieben',
  list_shipped: 'Ausgeliefert',
  list_left: 'Nicht fertig',
  more: { other: 'und {count} weitere im Arbeitsbereich' },
  open_workspace: 'Arbeitsbereich öffnen',
  why_workspace: 'Du bekommst diese Mail, weil du Mitglied dieses Arbeitsbereichs bist.',
  why_loop: 'Du bekommst diese Mail, weil du Mitglied dieses Loops bist.',
  choose_mails: 'Auswählen, welche Mails du bekommst',
  unsubscribe: 'Abbestellen',

  invitation_subject: '{by} lädt dich zu {workspace} auf Loops ein',
  invitation_preview: 'Leg dein Konto an und mach mit, bis {when}',
  invitation_heading: 'Mach mit bei {workspace}',
  invitation_text:
    '{by} lädt dich in diesen Arbeitsbereich auf Loops ein. Dort arbeiten Menschen und ihre Coding-Agenten an einer gemeinsamen Warteschlange.',
  invitation_button: 'Einladung annehmen',
  invitation_link: 'Der Link ist nur für dich und gilt bis {when}:',
  invitation_unexpected:
    'Du hast das nicht erwartet? Dann brauchst du nichts zu tun: Ohne dich wird kein Konto angelegt.',

  reset_subject: 'Ein neues Passwort für Loops',
  reset_preview: 'Wähle es bis {when}',
  reset_heading: 'Wähle ein neues Passwort',
  reset_text:
    'Hallo {name}, jemand hat ein neues Passwort für dein Konto angefordert. Sobald du es wählst, werden angemeldete Browser abgemeldet und verbundene Apps getrennt.',
  reset_button: 'Neues Passwort wählen',
  reset_link: 'Der Link ist nur für dich und gilt einmal, bis {when}:',
  reset_unexpected:
    'Du hast das nicht angefordert? Dann brauchst du nichts zu tun: Dein Passwort bleibt, wie es ist.',

  webhook_subject: 'Webhook abgeschaltet: {url}',
  webhook_preview: '{workspace}: Die Adresse wird nicht mehr aufgerufen',
  webhook_label: 'Webhook abgeschaltet',
  webhook_failing:
    'Hallo {name}, Loops ruft diese Adresse nicht mehr auf. An fünf Tagen sind Aufrufe fehlgeschlagen, und seit {when} war keiner erfolgreich.',
  webhook_gone:
    'Hallo {name}, Loops ruft diese Adresse nicht mehr auf. Sie hat mit 410 Gone geantwortet: Sie möchte keine Aufrufe mehr.',
  webhook_next:
    'Wenn die Adresse wieder erreichbar ist, schalte den Webhook ein und wiederhole die fehlgeschlagenen Aufrufe.',
  webhook_button: 'Webhooks öffnen',
  why_owner: 'Du bekommst diese Mail, weil dir dieser Arbeitsbereich gehört.',

  confirm_subject: 'Bestätige deine Adresse für Loops',
  confirm_preview: 'Ein Klick genügt, bis {when}',
  confirm_heading: 'Bestätige deine Adresse',
  confirm_text:
    'Mit der Adresse {email} wurde ein Konto auf Loops angelegt. Ist es deins? Dann melde dich an und bestätige sie.',
  confirm_button: 'Adresse bestätigen',
  confirm_link: 'Der Link ist nur für dich und gilt bis {when}:',
  confirm_unexpected:
    'Das Konto ist nicht von dir? Dann brauchst du nichts zu tun: Du bekommst keine weiteren Mails davon.',

  tries_subject: 'Jemand probiert Passwörter für dein Loops-Konto aus',
  tries_preview: 'Niemand ist damit hineingekommen',
  tries_heading: 'Jemand versucht, sich als du anzumelden',
  tries_text:
    'Hallo {name}, es gab viele Versuche, sich mit einem falschen Passwort bei deinem Konto anzumelden. Keiner war erfolgreich.',
  tries_advice:
    'Du brauchst nichts zu tun. Browser, in denen du schon einmal angemeldet warst, lassen dich weiterhin hinein. Wenn ein anderer es nicht tut, fordere eine Mail mit einem Link an.',
  tries_button: 'Link zum Anmelden anfordern',
  tries_again: 'Davon schreiben wir dir höchstens einmal am Tag.',

  statuses: {
    open: 'offen',
    approved: 'freigegeben',
    in_progress: 'in Arbeit',
    on_hold: 'pausiert',
    shipped: 'ausgeliefert',
    rejected: 'abgelehnt',
  },
}
