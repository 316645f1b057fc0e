// The messages of the mails in Spanish. Pure.
import type { Messages } from './en.ts'

export const es: Messages = {
  shipped_subject: 'Entregado: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'Entregado',
  shipped_by: 'Hola, {name}: {by} entregó este loop el {when}.',
  shipped_by_with: 'Hola, {name}: {by} entregó este loop con {client} el {when}.',
  shipped_by_you: 'Entregaste este loop el {when}. ¡Buen trabajo, {name}!',
  shipped_by_you_with: 'Entregaste este loop con {client} el {when}. ¡Buen trabajo, {name}!',
  summary: '{shipped}, {left}',
  tasks_shipped: { one: '{count} tarea entregada', other: '{count} tareas entregadas' },
  tasks_left: { one: '{count} sin terminar', other: '{count} sin terminar' },
  nothing_left: 'nada quedó sin terminar',
  list_shipped: 'Tareas entregadas',
  list_left: 'Tareas sin terminar',
  more: { other: 'y {count} más en el loop' },
  open_loop: 'Abrir el loop',
  open_task: 'Abrir la tarea',
  why_workspace: 'Recibes este correo porque eres miembro de este espacio de trabajo.',
  why_loop: 'Recibes este correo porque eres miembro de este loop.',
  choose_mails: 'Elegir qué correos recibes',
  unsubscribe: 'Darse de baja',

  invitation_subject: '{by} te invita a {workspace} en Loops',
  invitation_preview: 'Crea tu cuenta y únete antes del {when}',
  invitation_heading: 'Únete a {workspace}',
  invitation_text:
    '{by} te invita a este espacio de trabajo en Loops, donde las personas y sus agentes de código comparten una misma cola de trabajo.',
  invitation_button: 'Aceptar la invitación',
  invitation_link: 'El enlace es solo para ti y funciona hasta el {when}:',
  invitation_unexpected: '¿No lo esperabas? Puedes ignorar este correo: sin ti no se crea ninguna cuenta.',

  reset_subject: 'Elige una contraseña nueva para Loops',
  reset_preview: 'El enlace funciona hasta el {when}',
  reset_heading: 'Elige una contraseña nueva',
  reset_text:
    'Hola, {name}: alguien pidió una contraseña nueva para tu cuenta. Al elegirla se cerrará tu sesión en todos los navegadores y se desconectarán todas las aplicaciones.',
  reset_button: 'Elegir una contraseña nueva',
  reset_link: 'El enlace es solo para ti y funciona una vez, hasta el {when}:',
  reset_unexpected: '¿No la pediste? Puedes ignorar este correo: tu contraseña sigue siendo la misma.',

  webhook_subject: 'Webhook desactivado: {url}',
  webhook_preview: '{workspace}: Loops ya no llama a su dirección',
  webhook_label: 'Webhook desactivado',
  webhook_failing:
    'Hola, {name}: Loops ya no llama a esta dirección. Hubo llamadas fallidas en cinco días distintos y ninguna ha tenido éxito desde el {when}.',
  webhook_gone:
    'Hola, {name}: Loops ya no llama a esta dirección. Respondió 410 Gone, es decir, no quiere más llamadas.',
  webhook_next:
    'Cuando la dirección vuelva a funcionar, activa el webhook y repite las llamadas que fallaron.',
  webhook_button: 'Abrir los webhooks',
  why_owner: 'Recibes este correo porque este espacio de trabajo es tuyo.',

  held_subject: 'En pausa: {task}',
  held_preview: '{workspace}: nadie ha vuelto para terminarla',
  held_label: 'Tarea en pausa',
  held_text: 'Hola, {name}: esta tarea está en pausa porque {vanished}.',
  held_vanished: {
    one: '{count} agente la tomó y no volvió',
    other: '{count} agentes seguidos la tomaron y no volvieron',
  },
  held_next:
    'Quizá sea demasiado grande o poco clara, o haga fallar el equipo de quien trabaja en ella. Abre la tarea, cambia lo necesario y apruébala de nuevo.',
  why_approver: 'Recibes este correo porque aprobaste esta tarea.',

  mention_subject: '{by} te mencionó: {title}',
  mention_label: 'Mención',
  mention_task: 'Hola, {name}: {by} te mencionó en un comentario sobre esta tarea.',
  mention_task_with: 'Hola, {name}: {by} te mencionó con {client} en un comentario sobre esta tarea.',
  mention_loop: 'Hola, {name}: {by} te mencionó en un comentario sobre este loop.',
  mention_loop_with: 'Hola, {name}: {by} te mencionó con {client} en un comentario sobre este loop.',
  why_mentioned: 'Recibes este correo porque alguien te mencionó en un comentario.',
  unsubscribe_mentions: 'No recibir más correos sobre menciones',

  confirm_subject: 'Confirma tu dirección para Loops',
  confirm_preview: 'Un clic basta, hasta el {when}',
  confirm_heading: 'Confirma tu dirección',
  confirm_text:
    'Alguien creó una cuenta de Loops con la dirección {email}. ¿Fuiste tú? Entonces inicia sesión y confírmala.',
  confirm_button: 'Confirmar la dirección',
  confirm_link: 'El enlace es solo para ti y funciona hasta el {when}:',
  confirm_unexpected: '¿No fuiste tú? Puedes ignorar este correo: no recibirás más sobre esta cuenta.',

  tries_subject: 'Alguien está probando contraseñas en tu cuenta de Loops',
  tries_preview: 'Nadie ha conseguido entrar',
  tries_heading: 'Alguien intenta iniciar sesión en tu nombre',
  tries_text:
    'Hola, {name}: ha habido muchos intentos de entrar en tu cuenta con una contraseña incorrecta. Ninguno ha tenido éxito.',
  tries_advice:
    'No tienes que hacer nada. Los navegadores en los que ya has iniciado sesión te siguen dejando entrar. Si otro no lo hace, pide un correo con un enlace.',
  tries_button: 'Recibir un enlace para entrar',
  tries_again: 'Te avisamos de esto como mucho una vez al día.',

  account_preview: 'Si fuiste tú, no hay nada que hacer',
  account_footer: 'Recibes este correo porque trata de la seguridad de tu cuenta.',

  second_factor_subject: 'El segundo factor de tu cuenta de Loops',
  second_factor_heading: 'Tu segundo factor',
  second_factor_text: 'Hola, {name}: {change}',
  second_factor_added: 'se ha añadido un segundo factor a tu cuenta.',
  second_factor_removed: 'se ha eliminado un segundo factor de tu cuenta.',
  second_factor_recovery_used:
    'alguien se ha identificado en tu cuenta con uno de tus códigos de recuperación. No vuelve a servir.',
  second_factor_recovery_made: 'se han sustituido tus códigos de recuperación. Los anteriores ya no sirven.',
  second_factor_advice:
    'Si no fuiste tú, elige ahora una contraseña nueva y avisa a quienes administran Loops para ti.',
  second_factor_button: 'Elegir una contraseña nueva',

  password_changed_subject: 'La contraseña de tu cuenta de Loops ha cambiado',
  password_changed_heading: 'Tu contraseña ha cambiado',
  password_changed_text:
    'Hola, {name}: tu cuenta tiene una contraseña nueva. Tu sesión está cerrada en todos los demás navegadores y todas las aplicaciones están desconectadas.',
  password_changed_advice:
    'Si no fuiste tú, elige ahora una contraseña nueva y avisa a quienes administran Loops para ti.',
  password_changed_button: 'Elegir una contraseña nueva',

  app_connected_subject: 'Se ha conectado una aplicación a tu cuenta de Loops',
  app_connected_heading: 'Una aplicación puede trabajar ahora en tu nombre',
  app_connected_text:
    'Hola, {name}: una aplicación que se llama a sí misma {app} se ha conectado a tu cuenta, en {workspace}.',
  app_connected_advice: 'Si no fuiste tú, desconéctala y cambia tu contraseña.',
  app_connected_button: 'Ver las aplicaciones conectadas',

  new_address_subject: 'Confirma tu nueva dirección para Loops',
  new_address_heading: 'Confirma tu nueva dirección',
  new_address_text:
    '{email} va a ser la dirección de una cuenta de Loops. ¿Lo has pedido tú? Inicia sesión y confírmala.',
  new_address_button: 'Usar esta dirección',
  new_address_unexpected: '¿No fuiste tú? Puedes ignorar este correo: no cambia nada.',

  address_changed_subject: 'Tu cuenta de Loops tiene una dirección nueva',
  address_changed_heading: 'Tu cuenta tiene una dirección nueva',
  address_changed_text:
    'Hola, {name}: tu cuenta tiene ahora la dirección {email}. Los correos sobre ella van allí a partir de ahora.',
  address_changed_advice:
    'Si no fuiste tú, avisa enseguida a quienes administran Loops para ti: pueden cerrar las sesiones de la cuenta.',
  address_changed_button: 'Abrir tu cuenta',
  address_changed_footer: 'Este es el último correo a esta dirección.',

  provider_changed_subject: 'El inicio de sesión único de tu cuenta de Loops ha cambiado',
  provider_connected_heading: 'Un proveedor inicia ahora tu sesión',
  provider_connected_text:
    'Hola, {name}: {provider} se ha conectado a tu cuenta. Quien inicie sesión allí como tú entrará en Loops.',
  provider_disconnected_heading: 'Un proveedor ya no inicia tu sesión',
  provider_disconnected_text:
    'Hola, {name}: {provider} se ha desconectado de tu cuenta y ya no inicia tu sesión en Loops.',
  provider_changed_advice:
    'Si no fuiste tú, abre tu cuenta, cierra todas las sesiones y avisa a quienes administran Loops para ti.',
  provider_changed_button: 'Abrir tu cuenta',

  provider_link_subject: 'Conectar {provider} con tu cuenta de Loops',
  provider_link_heading: '¿Conectar {provider}?',
  provider_link_text:
    'Hola, {name}: alguien inició sesión en {provider} como {shown} y quiere usarlo para entrar en tu cuenta.',
  provider_link_advice: '¿Fuiste tú? Entonces abre el enlace en el navegador en el que empezaste.',
  provider_link_button: 'Conectar',
  provider_link_unexpected:
    '¿No fuiste tú? Puedes ignorar este correo: nada cambia. No pases el enlace a nadie.',

  token_expiring_subject: 'Tu token {token} caduca pronto',
  token_expiring_preview: 'Funciona hasta el {when}',
  token_expiring_heading: 'Un token de acceso caduca pronto',
  token_expiring_text:
    'Hola, {name}: tu token de acceso {token}, que termina en {ending}, funciona en {workspace} hasta el {when}.',
  token_expiring_service_text:
    'Hola, {name}: el token de acceso {token} de la cuenta de servicio {account}, que termina en {ending}, funciona en {workspace} hasta el {when}.',
  token_expiring_advice:
    'Sustitúyelo antes. El texto actual sigue funcionando un día más, para que ningún programa se detenga.',
  token_expiring_button: 'Sustituir el token',
  token_expiring_footer:
    'Recibes este correo porque un programa puede detenerse cuando caduque el token. No habrá otro.',
  new_browser_subject: 'Un navegador nuevo ha entrado en tu cuenta de Loops',
  new_browser_heading: 'Inicio de sesión desde un navegador nuevo',
  new_browser_text:
    'Hola, {name}: alguien inició sesión en tu cuenta el {when}, desde un navegador que no conocemos:',
  new_browser_named: '{browser} en {system}',
  new_browser_unknown: 'Un navegador que no dice cuál es',
  new_browser_address: 'Su dirección de red era {address}. No sabemos más del lugar.',
  new_browser_advice:
    'Si no fuiste tú, cierra ahora la sesión de ese navegador, cambia tu contraseña y cierra todas las sesiones.',
  new_browser_button: 'Ver los navegadores con sesión',
  account_deleted_subject: 'Se ha eliminado tu cuenta de Loops',
  account_deleted_preview: 'Tu nombre y tu dirección se borran',
  account_deleted_heading: 'Se ha eliminado tu cuenta',
  account_deleted_text:
    'Hola {name}, se ha eliminado tu cuenta. Nadie puede entrar en ella y nada trabaja ya en tu nombre.',
  account_deleted_advice:
    'Lo que escribiste se queda en los espacios de trabajo como «Antiguo miembro». Si no fuiste tú, díselo a quienes administran Loops. Puedes crear una cuenta nueva con esta dirección cuando quieras.',
  account_deleted_button: 'Abrir Loops',
  workspace_deleted_subject: 'Se ha eliminado un espacio de trabajo tuyo en Loops',
  workspace_deleted_heading: 'Tu espacio de trabajo se ha eliminado',
  workspace_deleted_text:
    'Hola, {name}: {by} ha eliminado el espacio de trabajo {workspace} con sus tareas, loops y comentarios. Ya no eres miembro, y las aplicaciones conectadas a él han dejado de funcionar.',
  workspace_deleted_advice:
    'No se puede recuperar. Tu cuenta y tus otros espacios de trabajo siguen igual. Si no lo esperabas, pregunta a quien lo hizo.',
  workspace_deleted_button: 'Abrir Loops',
}
