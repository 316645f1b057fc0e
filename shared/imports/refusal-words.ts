// Why a file cannot be imported, in every language: on pages as the person reads, on the command line in English. Pure.
import { defineMessages } from '../contracts/define/wording.ts'

export const REFUSALS = defineMessages({
  en: {
    utf_16: '{file} is written in UTF-16. Save it as UTF-8.',
    nul: '{file} has a NUL at byte {place}, so it is no text. Export it anew as UTF-8.',
    not_utf_8: '{file} is not written in UTF-8. Save it as UTF-8.',
    one_file: 'This source is one file. Name the file: {what}.',
    too_many_tasks: 'There are more than {limit} tasks. Divide them into several files.',
    no_tasks: 'There are no tasks in it. Name an export of {what}.',
    not_csv:
      'The file is not CSV: line {line} cannot be read. Export it anew as CSV, and name the source that it is from.',
    quote_open:
      'The file is not CSV: a quotation mark is opened and never closed. Export it anew as CSV, and name the source that it is from.',
    too_many_columns: 'The file has {count} columns; at most {limit} are read. Export fewer columns.',
    too_many_rows: 'The file has more than {limit} rows. Divide it into several files.',
    no_column:
      'The file has no column {columns}. Export it anew as CSV, and name the source that it is from.',
    not_json: 'The file is not JSON. Export it anew, and name the source that it is from.',
    not_json_lines: 'The file is not JSON Lines. Export it anew, and name the source that it is from.',
    no_issues: 'The file is no list of issues. Write it with {command}',
    no_task_list: 'The file has no list of tasks. Name the {file} in the folder {folder}.',
    later_format:
      'The export has the format {format}; this release reads {known}. Import it with the release that wrote it, or a later one.',
    no_export: 'The file is no export of Loops. Write one with npm run export, or name another source.',
    too_large: 'The files are larger than {limit} MB. Import them with npm run import, or divide them.',
    form_broken: 'The form did not arrive whole. Send it again.',
    too_many_files: 'There are more than {limit} files. Import them with npm run import.',
    nothing: 'There is nothing to import. Choose a file, or paste its text.',
    no_source: 'There is no such source. Choose one of the list.',
    pasted: 'The text',
  },
  de: {
    utf_16: '{file} ist in UTF-16 geschrieben. Speichere es als UTF-8.',
    nul: '{file} enthält ein NUL an Byte {place} und ist daher kein Text. Exportiere es neu als UTF-8.',
    not_utf_8: '{file} ist nicht in UTF-8 geschrieben. Speichere es als UTF-8.',
    one_file: 'Diese Quelle besteht aus einer Datei. Wähle die Datei: {what}.',
    too_many_tasks: 'Es sind mehr als {limit} Aufgaben. Teile sie auf mehrere Dateien auf.',
    no_tasks: 'Es sind keine Aufgaben darin. Wähle einen Export von {what}.',
    not_csv:
      'Die Datei ist kein CSV: Zeile {line} ist nicht lesbar. Exportiere sie neu als CSV und wähle die Quelle, aus der sie stammt.',
    quote_open:
      'Die Datei ist kein CSV: Ein Anführungszeichen wird geöffnet und nie geschlossen. Exportiere sie neu als CSV und wähle die Quelle, aus der sie stammt.',
    too_many_columns:
      'Die Datei hat {count} Spalten; höchstens {limit} werden gelesen. Exportiere weniger Spalten.',
    too_many_rows: 'Die Datei hat mehr als {limit} Zeilen. Teile sie in mehrere Dateien.',
    no_column:
      'Der Datei fehlt die Spalte {columns}. Exportiere sie neu als CSV und wähle die Quelle, aus der sie stammt.',
    not_json: 'Die Datei ist kein JSON. Exportiere sie neu und wähle die Quelle, aus der sie stammt.',
    not_json_lines:
      'Die Datei ist kein JSON Lines. Exportiere sie neu und wähle die Quelle, aus der sie stammt.',
    no_issues: 'Die Datei ist keine Liste von Issues. Schreibe sie mit {command}',
    no_task_list: 'Die Datei hat keine Liste von Aufgaben. Wähle die {file} im Ordner {folder}.',
    later_format:
      'Der Export hat das Format {format}; diese Version liest {known}. Importiere ihn mit der Version, die ihn geschrieben hat, oder einer späteren.',
    no_export:
      'Die Datei ist kein Export von Loops. Schreibe einen mit npm run export, oder wähle eine andere Quelle.',
    too_large: 'Die Dateien sind größer als {limit} MB. Importiere sie mit npm run import, oder teile sie.',
    form_broken: 'Das Formular kam nicht vollständig an. Sende es noch einmal.',
    too_many_files: 'Es sind mehr als {limit} Dateien. Importiere sie mit npm run import.',
    nothing: 'Es gibt nichts zu importieren. Wähle eine Datei, oder füge ihren Text ein.',
    no_source: 'Diese Quelle gibt es nicht. Wähle eine aus der Liste.',
    pasted: 'Der Text',
  },
  fr: {
    utf_16: '{file} est écrit en UTF-16. Enregistrez-le en UTF-8.',
    nul: '{file} contient un NUL à l’octet {place} : ce n’est pas un texte. Exportez-le à nouveau en UTF-8.',
    not_utf_8: '{file} n’est pas écrit en UTF-8. Enregistrez-le en UTF-8.',
    one_file: 'Cette source tient en un fichier. Choisissez-le : {what}.',
    too_many_tasks: 'Il y a plus de {limit} tâches. Répartissez-les dans plusieurs fichiers.',
    no_tasks: 'Il ne contient aucune tâche. Choisissez un export de {what}.',
    not_csv:
      'Le fichier n’est pas du CSV : la ligne {line} est illisible. Exportez-le à nouveau en CSV et choisissez la source dont il vient.',
    quote_open:
      'Le fichier n’est pas du CSV : un guillemet est ouvert et jamais fermé. Exportez-le à nouveau en CSV et choisissez la source dont il vient.',
    too_many_columns:
      'Le fichier a {count} colonnes ; {limit} au plus sont lues. Exportez moins de colonnes.',
    too_many_rows: 'Le fichier a plus de {limit} lignes. Divisez-le en plusieurs fichiers.',
    no_column:
      'Il manque au fichier la colonne {columns}. Exportez-le à nouveau en CSV et choisissez la source dont il vient.',
    not_json: 'Le fichier n’est pas du JSON. Exportez-le à nouveau et choisissez la source dont il vient.',
    not_json_lines:
      'Le fichier n’est pas du JSON Lines. Exportez-le à nouveau et choisissez la source dont il vient.',
    no_issues: 'Le fichier n’est pas une liste d’issues. Écrivez-le avec {command}',
    no_task_list: 'Le fichier n’a pas de liste de tâches. Choisissez le {file} du dossier {folder}.',
    later_format:
      'L’export a le format {format} ; cette version lit {known}. Importez-le avec la version qui l’a écrit, ou une plus récente.',
    no_export:
      'Le fichier n’est pas un export de Loops. Écrivez-en un avec npm run export, ou choisissez une autre source.',
    too_large: 'Les fichiers dépassent {limit} Mo. Importez-les avec npm run import, ou divisez-les.',
    form_broken: 'Le formulaire n’est pas arrivé en entier. Envoyez-le à nouveau.',
    too_many_files: 'Il y a plus de {limit} fichiers. Importez-les avec npm run import.',
    nothing: 'Il n’y a rien à importer. Choisissez un fichier, ou collez son texte.',
    no_source: 'Cette source n’existe pas. Choisissez-en une dans la liste.',
    pasted: 'Le texte',
  },
  es: {
    utf_16: '{file} está escrito en UTF-16. Guárdalo como UTF-8.',
    nul: '{file} tiene un NUL en el byte {place}, así que no es texto. Expórtalo de nuevo como UTF-8.',
    not_utf_8: '{file} no está escrito en UTF-8. Guárdalo como UTF-8.',
    one_file: 'Este origen es un solo archivo. Elige el archivo: {what}.',
    too_many_tasks: 'Hay más de {limit} tareas. Repártelas en varios archivos.',
    no_tasks: 'No contiene ninguna tarea. Elige una exportación de {what}.',
    not_csv:
      'El archivo no es CSV: la línea {line} no se puede leer. Expórtalo de nuevo como CSV y elige el origen del que viene.',
    quote_open:
      'El archivo no es CSV: unas comillas se abren y nunca se cierran. Expórtalo de nuevo como CSV y elige el origen del que viene.',
    too_many_columns:
      'El archivo tiene {count} columnas; se leen {limit} como máximo. Exporta menos columnas.',
    too_many_rows: 'El archivo tiene más de {limit} filas. Divídelo en varios archivos.',
    no_column:
      'Al archivo le falta la columna {columns}. Expórtalo de nuevo como CSV y elige el origen del que viene.',
    not_json: 'El archivo no es JSON. Expórtalo de nuevo y elige el origen del que viene.',
    not_json_lines: 'El archivo no es JSON Lines. Expórtalo de nuevo y elige el origen del que viene.',
    no_issues: 'El archivo no es una lista de issues. Escríbelo con {command}',
    no_task_list: 'El archivo no tiene una lista de tareas. Elige el {file} de la carpeta {folder}.',
    later_format:
      'La exportación tiene el formato {format}; esta versión lee {known}. Impórtala con la versión que la escribió, o una posterior.',
    no_export:
      'El archivo no es una exportación de Loops. Escribe una con npm run export, o elige otro origen.',
    too_large: 'Los archivos superan los {limit} MB. Impórtalos con npm run import, o divídelos.',
    form_broken: 'El formulario no llegó completo. Envíalo de nuevo.',
    too_many_files: 'Hay más de {limit} archivos. Impórtalos con npm run import.',
    nothing: 'No hay nada que importar. Elige un archivo, o pega su texto.',
    no_source: 'No existe ese origen. Elige uno de la lista.',
    pasted: 'El texto',
  },
  ar: {
    utf_16: '{file} مكتوب بترميز UTF-16. احفظه بترميز UTF-8.',
    nul: 'في {file} قيمة NUL عند البايت {place}، فهو ليس نصًا. صدّره من جديد بترميز UTF-8.',
    not_utf_8: '{file} ليس مكتوبًا بترميز UTF-8. احفظه بترميز UTF-8.',
    one_file: 'هذا المصدر ملف واحد. اختر الملف: {what}.',
    too_many_tasks: 'عدد المهام أكثر من {limit}. وزّعها على عدة ملفات.',
    no_tasks: 'ليس فيه أي مهام. اختر ملفًا مصدَّرًا من {what}.',
    not_csv: 'الملف ليس CSV: السطر {line} غير مقروء. صدّره من جديد بصيغة CSV واختر المصدر الذي جاء منه.',
    quote_open:
      'الملف ليس CSV: فيه علامة اقتباس فُتحت ولم تُغلق. صدّره من جديد بصيغة CSV واختر المصدر الذي جاء منه.',
    too_many_columns: 'عدد أعمدة الملف {count}، ويُقرأ منها {limit} على الأكثر. صدّر أعمدة أقل.',
    too_many_rows: 'عدد صفوف الملف أكثر من {limit}. قسّمه إلى عدة ملفات.',
    no_column: 'ينقص الملفَ العمود {columns}. صدّره من جديد بصيغة CSV واختر المصدر الذي جاء منه.',
    not_json: 'الملف ليس JSON. صدّره من جديد واختر المصدر الذي جاء منه.',
    not_json_lines: 'الملف ليس JSON Lines. صدّره من جديد واختر المصدر الذي جاء منه.',
    no_issues: 'الملف ليس قائمة issues. اكتبه بالأمر {command}',
    no_task_list: 'ليس في الملف قائمة مهام. اختر {file} من المجلد {folder}.',
    later_format:
      'صيغة الملف المصدَّر هي {format}، وهذا الإصدار يقرأ {known}. استورده بالإصدار الذي كتبه أو بإصدار أحدث.',
    no_export: 'الملف ليس مصدَّرًا من Loops. اكتب واحدًا بالأمر npm run export، أو اختر مصدرًا آخر.',
    too_large: 'الملفات أكبر من {limit} ميغابايت. استوردها بالأمر npm run import، أو قسّمها.',
    form_broken: 'لم يصل النموذج كاملًا. أرسله مجددًا.',
    too_many_files: 'عدد الملفات أكثر من {limit}. استوردها بالأمر npm run import.',
    nothing: 'لا شيء للاستيراد. اختر ملفًا، أو الصق نصّه.',
    no_source: 'لا يوجد مصدر كهذا. اختر واحدًا من القائمة.',
    pasted: 'النص',
  },
})
