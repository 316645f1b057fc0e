// The messages of the mails in German. Pure.
import type { Messages } from './en.ts'

export const de: Messages = {
  shipped_subject: 'Ausgeliefert: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'Ausgeliefert',
  shipped_by: 'Hallo {name}, {by} hat diesen Loop am {when} ausgeliefert.',
  shipped_by_with: 'Hallo {name}, {by} hat diesen Loop am {when} mit {client} ausgeliefert.',
  shipped_by_you: 'Du hast diesen Loop am {when} ausgeliefert. Gut gemacht, {name}!',
  shipped_by_you_with: 'Du hast diesen Loop am {when} mit {client} ausgeliefert. Gut gemacht, {name}!',
  summary: '{shipped}, {left}',
  tasks_shipped: { one: '{count} Aufgabe ausgeliefert', other: '{count} Aufgaben ausgeliefert' },
  tasks_left: { other: '{count} nicht fertig' },
  nothing_left: 'nichts ist offen geblieben',
  list_shipped: 'Ausgeliefert',
  list_left: 'Nicht fertig',
  more: { other: 'und {count} weitere im Loop' },
  open_loop: 'Loop öffnen',
  open_task: 'Aufgabe öffnen',
  why_workspace: 'Du bekommst diese Mail, weil du Mitglied dieses Arbeitsbereichs bist.',
  why_loop: 'Du bekommst diese Mail, weil du Mitglied dieses Loops bist.',
  choose_mails: 'Auswählen, welche Mails du bekommst',
  unsubscribe: 'Abbestellen',

  invitation_subject: '{by} lädt dich zu {workspace} auf Loops ein',
  invitation_preview: 'Leg bis zum {when} dein Konto an und mach mit',
  invitation_heading: 'Mach mit bei {workspace}',
  invitation_text:
    '{by} lädt dich in diesen Arbeitsbereich auf Loops ein. Dort arbeiten Menschen und ihre Coding-Agenten an einer gemeinsamen Warteschlange.',
  invitation_button: 'Einladung annehmen',
  invitation_link: 'Der Link ist nur für dich und gilt bis zum {when}:',
  invitation_unexpected:
    'Du hast das nicht erwartet? Dann ignoriere diese Mail einfach: Ohne dich wird kein Konto angelegt.',

  reset_subject: 'Wähle ein neues Passwort für Loops',
  reset_preview: 'Der Link gilt bis zum {when}',
  reset_heading: 'Wähle ein neues Passwort',
  reset_text:
    'Hallo {name}, jemand hat ein neues Passwort für dein Konto angefordert. Sobald du es wählst, wirst du in allen Browsern abgemeldet, und alle Apps werden getrennt.',
  reset_button: 'Neues Passwort wählen',
  reset_link: 'Der Link ist nur für dich und gilt einmal, bis zum {when}:',
  reset_unexpected:
    'Du hast das nicht angefordert? Dann ignoriere diese Mail einfach: Dein Passwort bleibt, wie es ist.',

  webhook_subject: 'Webhook abgeschaltet: {url}',
  webhook_preview: '{workspace}: Loops ruft die Adresse nicht mehr auf',
  webhook_label: 'Webhook abgeschaltet',
  webhook_failing:
    'Hallo {name}, Loops ruft diese Adresse nicht mehr auf. An fünf Tagen sind Aufrufe fehlgeschlagen, und seit dem {when} war keiner erfolgreich.',
  webhook_gone:
    'Hallo {name}, Loops ruft diese Adresse nicht mehr auf. Sie hat mit 410 Gone geantwortet, will also keine Aufrufe mehr.',
  webhook_next:
    'Wenn die Adresse wieder erreichbar ist, schalte den Webhook ein und wiederhole die fehlgeschlagenen Aufrufe.',
  webhook_button: 'Webhooks öffnen',
  why_owner: 'Du bekommst diese Mail, weil dir dieser Arbeitsbereich gehört.',

  held_subject: 'Pausiert: {task}',
  held_preview: '{workspace}: Niemand ist zurückgekommen, um sie fertigzustellen',
  held_label: 'Aufgabe pausiert',
  held_text: 'Hallo {name}, diese Aufgabe ist pausiert: {vanished}.',
  held_vanished: {
    one: '{count} Agent hat sie übernommen und sich nicht mehr gemeldet',
    other: '{count} Agenten nacheinander haben sie übernommen und sich nicht mehr gemeldet',
  },
  held_next:
    'Vielleicht ist sie zu groß oder unklar, oder sie bringt den Rechner zum Absturz, auf dem daran gearbeitet wird. Öffne die Aufgabe, ändere, was nötig ist, und gib sie wieder frei.',
  why_approver: 'Du bekommst diese Mail, weil du diese Aufgabe freigegeben hast.',

  mention_subject: '{by} hat dich erwähnt: {title}',
  mention_label: 'Erwähnung',
  mention_task: 'Hallo {name}, {by} hat dich in einem Kommentar zu dieser Aufgabe erwähnt.',
  mention_task_with: 'Hallo {name}, {by} hat dich mit {client} in einem Kommentar zu dieser Aufgabe erwähnt.',
  mention_loop: 'Hallo {name}, {by} hat dich in einem Kommentar zu diesem Loop erwähnt.',
  mention_loop_with: 'Hallo {name}, {by} hat dich mit {client} in einem Kommentar zu diesem Loop erwähnt.',
  why_mentioned: 'Du bekommst diese Mail, weil dich jemand in einem Kommentar erwähnt hat.',
  unsubscribe_mentions: 'Keine Mails mehr zu Erwähnungen',

  confirm_subject: 'Bestätige deine Adresse für Loops',
  confirm_preview: 'Ein Klick genügt, bis zum {when}',
  confirm_heading: 'Bestätige deine Adresse',
  confirm_text:
    'Jemand hat mit der Adresse {email} ein Konto bei Loops angelegt. Warst du das? Dann melde dich an und bestätige sie.',
  confirm_button: 'Adresse bestätigen',
  confirm_link: 'Der Link ist nur für dich und gilt bis zum {when}:',
  confirm_unexpected:
    'Das warst du nicht? Dann ignoriere diese Mail einfach: Du bekommst keine weiteren zu diesem Konto.',

  tries_subject: 'Jemand probiert Passwörter für dein Loops-Konto aus',
  tries_preview: 'Niemand ist hineingekommen',
  tries_heading: 'Jemand versucht, sich als du anzumelden',
  tries_text:
    'Hallo {name}, es gab viele Versuche, sich mit einem falschen Passwort bei deinem Konto anzumelden. Keiner war erfolgreich.',
  tries_advice:
    'Du brauchst nichts zu tun. Browser, in denen du schon einmal angemeldet warst, lassen dich weiterhin hinein. Wenn ein anderer Browser es nicht tut, fordere eine Mail mit einem Link an.',
  tries_button: 'Link zum Anmelden anfordern',
  tries_again: 'Darüber informieren wir dich höchstens einmal am Tag.',

  account_preview: 'Wenn du es warst, ist nichts zu tun',
  account_footer: 'Du bekommst diese E-Mail, weil sie die Sicherheit deines Kontos betrifft.',

  second_factor_subject: 'Der zweite Faktor deines Loops-Kontos',
  second_factor_heading: 'Dein zweiter Faktor',
  second_factor_text: 'Hallo {name}, {change}',
  second_factor_added: 'zu deinem Konto ist ein zweiter Faktor hinzugekommen.',
  second_factor_removed: 'aus deinem Konto wurde ein zweiter Faktor entfernt.',
  second_factor_recovery_used:
    'mit einem deiner Wiederherstellungscodes hat sich jemand in deinem Konto ausgewiesen. Er gilt nicht noch einmal.',
  second_factor_recovery_made:
    'deine Wiederherstellungscodes wurden ersetzt. Die früheren gelten nicht mehr.',
  second_factor_advice:
    'Wenn du es nicht warst, wähle jetzt ein neues Passwort und sag es den Leuten, die Loops für dich betreiben.',
  second_factor_button: 'Neues Passwort wählen',

  password_changed_subject: 'Das Passwort deines Loops-Kontos wurde geändert',
  password_changed_heading: 'Dein Passwort wurde geändert',
  password_changed_text:
    'Hallo {name}, dein Konto hat ein neues Passwort. In allen anderen Browsern bist du abgemeldet, und alle Apps sind getrennt.',
  password_changed_advice:
    'Wenn du es nicht warst, wähle jetzt ein neues Passwort und sag es den Leuten, die Loops für dich betreiben.',
  password_changed_button: 'Neues Passwort wählen',

  app_connected_subject: 'Eine App wurde mit deinem Loops-Konto verbunden',
  app_connected_heading: 'Eine App kann jetzt in deinem Namen arbeiten',
  app_connected_text:
    'Hallo {name}, eine App, die sich {app} nennt, wurde mit deinem Konto verbunden, in {workspace}.',
  app_connected_advice: 'Wenn du es nicht warst, trenne sie und ändere dein Passwort.',
  app_connected_button: 'Verbundene Apps ansehen',

  new_address_subject: 'Bestätige deine neue Adresse für Loops',
  new_address_heading: 'Bestätige deine neue Adresse',
  new_address_text:
    '{email} soll die Adresse eines Kontos auf Loops werden. Hast du darum gebeten? Melde dich an und bestätige sie.',
  new_address_button: 'Diese Adresse benutzen',
  new_address_unexpected: 'Du warst es nicht? Dann ignoriere diese E-Mail: Es ändert sich nichts.',

  address_changed_subject: 'Dein Loops-Konto hat eine neue Adresse',
  address_changed_heading: 'Dein Konto hat eine neue Adresse',
  address_changed_text:
    'Hallo {name}, dein Konto hat jetzt die Adresse {email}. E-Mails dazu gehen von nun an dorthin.',
  address_changed_advice:
    'Wenn du es nicht warst, sag es sofort den Leuten, die Loops für dich betreiben: Sie können die Sitzungen des Kontos beenden.',
  address_changed_button: 'Dein Konto öffnen',
  address_changed_footer: 'Das ist die letzte E-Mail an diese Adresse.',

  provider_changed_subject: 'Single Sign-on deines Loops-Kontos wurde geändert',
  provider_connected_heading: 'Ein Anbieter meldet dich jetzt an',
  provider_connected_text:
    'Hallo {name}, {provider} wurde mit deinem Konto verbunden: Wer sich dort als du anmeldet, wird bei Loops angemeldet.',
  provider_disconnected_heading: 'Ein Anbieter meldet dich nicht mehr an',
  provider_disconnected_text:
    'Hallo {name}, {provider} wurde von deinem Konto getrennt und meldet dich nicht mehr bei Loops an.',
  provider_changed_advice:
    'Wenn du es nicht warst, öffne dein Konto, melde dich überall ab und sag es den Leuten, die Loops für dich betreiben.',
  provider_changed_button: 'Dein Konto öffnen',

  provider_link_subject: '{provider} mit deinem Loops-Konto verbinden',
  provider_link_heading: '{provider} verbinden?',
  provider_link_text:
    'Hallo {name}, jemand hat sich bei {provider} als {shown} angemeldet und will sich damit an deinem Konto anmelden.',
  provider_link_advice: 'Warst du es? Dann öffne den Link in dem Browser, in dem du begonnen hast.',
  provider_link_button: 'Verbinden',
  provider_link_unexpected:
    'Nicht du? Du kannst diese E-Mail ignorieren: Es ändert sich nichts. Gib den Link niemandem.',

  token_expiring_subject: 'Dein Token {token} läuft bald ab',
  token_expiring_preview: 'Es gilt bis {when}',
  token_expiring_heading: 'Ein Zugangstoken läuft bald ab',
  token_expiring_text:
    'Hallo {name}, dein Zugangstoken {token}, das auf {ending} endet, gilt in {workspace} bis {when}.',
  token_expiring_service_text:
    'Hallo {name}, das Zugangstoken {token} des Dienstkontos {account}, das auf {ending} endet, gilt in {workspace} bis {when}.',
  token_expiring_advice:
    'Ersetze es vorher. Der jetzige Text gilt noch einen Tag weiter, damit kein Programm stehen bleibt.',
  token_expiring_button: 'Token ersetzen',
  token_expiring_footer:
    'Du bekommst diese E-Mail, weil ein Programm stehen bleiben kann, wenn das Token abläuft. Eine weitere kommt nicht.',
  new_browser_subject: 'Anmeldung an deinem Loops-Konto in einem neuen Browser',
  new_browser_heading: 'Anmeldung in einem neuen Browser',
  new_browser_text:
    'Hallo {name}, jemand hat sich an deinem Konto angemeldet, {when}, in einem Browser, den wir nicht kennen:',
  new_browser_named: '{browser} unter {system}',
  new_browser_unknown: 'Ein Browser, der nicht sagt, was er ist',
  new_browser_address: 'Seine Netzwerkadresse war {address}. Mehr wissen wir nicht über den Ort.',
  new_browser_advice:
    'Wenn du es nicht warst, melde diesen Browser jetzt ab, ändere dein Passwort und melde dich überall ab.',
  new_browser_button: 'Angemeldete Browser ansehen',
  account_deleted_subject: 'Dein Loops-Konto wurde gelöscht',
  account_deleted_preview: 'Dein Name und deine Adresse werden gelöscht',
  account_deleted_heading: 'Dein Konto wurde gelöscht',
  account_deleted_text:
    'Hallo {name}, dein Konto wurde gelöscht. Niemand kann sich mehr damit anmelden, und nichts arbeitet mehr in deinem Namen.',
  account_deleted_advice:
    'Was du geschrieben hast, bleibt unter „Ehemaliges Mitglied“ in den Arbeitsbereichen. Wenn du das nicht warst, sag es den Leuten, die Loops für dich betreiben. Mit dieser Adresse kannst du jederzeit ein neues Konto anlegen.',
  account_deleted_button: 'Loops öffnen',
  workspace_deleted_subject: 'Ein Arbeitsbereich von dir auf Loops wurde gelöscht',
  workspace_deleted_heading: 'Dein Arbeitsbereich wurde gelöscht',
  workspace_deleted_text:
    'Hallo {name}, {by} hat den Arbeitsbereich {workspace} mit seinen Aufgaben, Loops und Kommentaren gelöscht. Du bist nicht mehr Mitglied, und Apps, die damit verbunden waren, funktionieren nicht mehr.',
  workspace_deleted_advice:
    'Er lässt sich nicht wiederherstellen. Dein Konto und deine anderen Arbeitsbereiche sind unverändert. Wenn du das nicht erwartet hast, frage, wer es getan hat.',
  workspace_deleted_button: 'Loops öffnen',
}
