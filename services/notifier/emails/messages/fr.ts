// The messages of the mails in French. No-break spaces stand before double punctuation. Pure.
import type { Messages } from './en.ts'

export const fr: Messages = {
  shipped_subject: 'Livré\u00a0: {loop}',
  shipped_preview: '{by}\u00a0: {summary}',
  shipped_label: 'Livré',
  shipped_by: 'Bonjour {name}, {by} a livré ce loop le {when}.',
  shipped_by_with: 'Bonjour {name}, {by} a livré ce loop avec {client} le {when}.',
  shipped_by_you: 'Vous avez livré ce loop le {when}. Bravo, {name}\u00a0!',
  shipped_by_you_with: 'Vous avez livré ce loop avec {client} le {when}. Bravo, {name}\u00a0!',
  summary: '{shipped}, {left}',
  tasks_shipped: { one: '{count} tâche livrée', other: '{count} tâches livrées' },
  tasks_left: { one: '{count} inachevée', other: '{count} inachevées' },
  nothing_left: 'rien d’inachevé',
  list_shipped: 'Tâches livrées',
  list_left: 'Tâches inachevées',
  more: { one: 'et {count} autre dans le loop', other: 'et {count} autres dans le loop' },
  open_loop: 'Ouvrir le loop',
  open_task: 'Ouvrir la tâche',
  why_workspace: 'Vous recevez cet e-mail parce que vous êtes membre de cet espace de travail.',
  why_loop: 'Vous recevez cet e-mail parce que vous êtes membre de ce loop.',
  choose_mails: 'Choisir les e-mails à recevoir',
  unsubscribe: 'Se désabonner',

  invitation_subject: '{by} vous invite à rejoindre {workspace} sur Loops',
  invitation_preview: 'Créez votre compte et rejoignez l’espace avant le {when}',
  invitation_heading: 'Rejoignez {workspace}',
  invitation_text:
    '{by} vous invite dans cet espace de travail sur Loops, où les personnes et leurs agents de code partagent une même file de travail.',
  invitation_button: 'Accepter l’invitation',
  invitation_link: 'Ce lien vous est réservé et fonctionne jusqu’au {when}\u00a0:',
  invitation_unexpected:
    'Vous ne vous y attendiez pas\u00a0? Ignorez simplement cet e-mail\u00a0: aucun compte n’est créé sans vous.',

  reset_subject: 'Choisissez un nouveau mot de passe pour Loops',
  reset_preview: 'Le lien fonctionne jusqu’au {when}',
  reset_heading: 'Choisissez un nouveau mot de passe',
  reset_text:
    'Bonjour {name}, quelqu’un a demandé un nouveau mot de passe pour votre compte. Dès que vous le choisirez, tous les navigateurs et toutes les applications seront déconnectés de votre compte.',
  reset_button: 'Choisir un nouveau mot de passe',
  reset_link: 'Ce lien vous est réservé et fonctionne une fois, jusqu’au {when}\u00a0:',
  reset_unexpected:
    'Vous n’avez rien demandé\u00a0? Ignorez simplement cet e-mail\u00a0: votre mot de passe ne change pas.',

  webhook_subject: 'Webhook désactivé\u00a0: {url}',
  webhook_preview: '{workspace}\u00a0: Loops n’appelle plus son adresse',
  webhook_label: 'Webhook désactivé',
  webhook_failing:
    'Bonjour {name}, Loops n’appelle plus cette adresse. Des appels ont échoué au cours de cinq jours différents et aucun n’a abouti depuis le {when}.',
  webhook_gone:
    'Bonjour {name}, Loops n’appelle plus cette adresse. Elle a répondu 410 Gone\u00a0: elle ne veut plus d’appels.',
  webhook_next:
    'Quand l’adresse fonctionnera de nouveau, réactivez le webhook et relancez les appels qui ont échoué.',
  webhook_button: 'Ouvrir les webhooks',
  why_owner: 'Vous recevez cet e-mail parce que cet espace de travail vous appartient.',

  held_subject: 'En pause\u00a0: {task}',
  held_preview: '{workspace}\u00a0: personne n’est revenu la terminer',
  held_label: 'Tâche en pause',
  held_text: 'Bonjour {name}, cette tâche est en pause\u00a0: {vanished}.',
  held_vanished: {
    one: '{count} agent l’a prise et n’est pas revenu',
    other: '{count} agents de suite l’ont prise et ne sont pas revenus',
  },
  held_next:
    'Elle est peut-être trop grande ou peu claire, ou bien elle fait planter la machine de ceux qui y travaillent. Ouvrez la tâche, modifiez ce qu’il faut, puis approuvez-la de nouveau.',
  why_approver: 'Vous recevez cet e-mail parce que vous avez approuvé cette tâche.',

  mention_subject: '{by} vous mentionne\u00a0: {title}',
  mention_label: 'Mention',
  mention_task: 'Bonjour {name}, {by} vous mentionne dans un commentaire sur cette tâche.',
  mention_task_with: 'Bonjour {name}, {by} vous mentionne avec {client} dans un commentaire sur cette tâche.',
  mention_loop: 'Bonjour {name}, {by} vous mentionne dans un commentaire sur ce loop.',
  mention_loop_with: 'Bonjour {name}, {by} vous mentionne avec {client} dans un commentaire sur ce loop.',
  why_mentioned: 'Vous recevez cet e-mail parce que quelqu’un vous mentionne dans un commentaire.',
  unsubscribe_mentions: 'Ne plus recevoir d’e-mails sur les mentions',

  confirm_subject: 'Confirmez votre adresse pour Loops',
  confirm_preview: 'Un clic suffit, jusqu’au {when}',
  confirm_heading: 'Confirmez votre adresse',
  confirm_text:
    'Quelqu’un a créé un compte Loops avec l’adresse {email}. Est-ce vous\u00a0? Alors connectez-vous et confirmez-la.',
  confirm_button: 'Confirmer l’adresse',
  confirm_link: 'Ce lien vous est réservé et fonctionne jusqu’au {when}\u00a0:',
  confirm_unexpected:
    'Ce n’est pas vous\u00a0? Ignorez simplement cet e-mail\u00a0: vous n’en recevrez plus au sujet de ce compte.',

  tries_subject: 'Quelqu’un essaie des mots de passe sur votre compte Loops',
  tries_preview: 'Personne n’a réussi à entrer',
  tries_heading: 'Quelqu’un essaie de se connecter à votre place',
  tries_text:
    'Bonjour {name}, il y a eu de nombreuses tentatives de connexion à votre compte avec un mauvais mot de passe. Aucune n’a réussi.',
  tries_advice:
    'Vous n’avez rien à faire. Les navigateurs que vous avez déjà utilisés pour vous connecter vous laissent toujours entrer. Si un autre ne le fait pas, demandez un e-mail avec un lien.',
  tries_button: 'Recevoir un lien de connexion',
  tries_again: 'Nous vous en informons au plus une fois par jour.',

  account_preview: 'Si c’était vous, il n’y a rien à faire',
  account_footer: 'Vous recevez cet e-mail parce qu’il concerne la sécurité de votre compte.',

  second_factor_subject: 'Le second facteur de votre compte Loops',
  second_factor_heading: 'Votre second facteur',
  second_factor_text: 'Bonjour {name}, {change}',
  second_factor_added: 'un second facteur a été ajouté à votre compte.',
  second_factor_removed: 'un second facteur a été retiré de votre compte.',
  second_factor_recovery_used:
    'quelqu’un s’est identifié sur votre compte avec un de vos codes de secours. Il ne servira plus.',
  second_factor_recovery_made: 'vos codes de secours ont été remplacés. Les précédents ne servent plus.',
  second_factor_advice:
    'Si ce n’était pas vous, choisissez tout de suite un nouveau mot de passe, et prévenez les personnes qui gèrent Loops pour vous.',
  second_factor_button: 'Choisir un nouveau mot de passe',

  password_changed_subject: 'Le mot de passe de votre compte Loops a été changé',
  password_changed_heading: 'Votre mot de passe a été changé',
  password_changed_text:
    'Bonjour {name}, votre compte a un nouveau mot de passe. Vous êtes déconnecté de tous les autres navigateurs, et toutes les applications sont déconnectées.',
  password_changed_advice:
    'Si ce n’était pas vous, choisissez tout de suite un nouveau mot de passe, et prévenez les personnes qui gèrent Loops pour vous.',
  password_changed_button: 'Choisir un nouveau mot de passe',

  app_connected_subject: 'Une application a été connectée à votre compte Loops',
  app_connected_heading: 'Une application peut maintenant travailler en votre nom',
  app_connected_text:
    'Bonjour {name}, une application qui se nomme {app} a été connectée à votre compte, dans {workspace}.',
  app_connected_advice: 'Si ce n’était pas vous, déconnectez-la et changez votre mot de passe.',
  app_connected_button: 'Voir les applications connectées',

  new_address_subject: 'Confirmez votre nouvelle adresse pour Loops',
  new_address_heading: 'Confirmez votre nouvelle adresse',
  new_address_text:
    '{email} doit devenir l’adresse d’un compte sur Loops. L’avez-vous demandé\u00a0? Connectez-vous et confirmez-la.',
  new_address_button: 'Utiliser cette adresse',
  new_address_unexpected: 'Ce n’était pas vous\u00a0? Ignorez cet e-mail\u00a0: rien ne change.',

  address_changed_subject: 'Votre compte Loops a une nouvelle adresse',
  address_changed_heading: 'Votre compte a une nouvelle adresse',
  address_changed_text:
    'Bonjour {name}, votre compte a maintenant l’adresse {email}. Les e-mails à son sujet y vont désormais.',
  address_changed_advice:
    'Si ce n’était pas vous, prévenez tout de suite les personnes qui gèrent Loops pour vous\u00a0: elles peuvent mettre fin aux sessions du compte.',
  address_changed_button: 'Ouvrir votre compte',
  address_changed_footer: 'C’est le dernier e-mail à cette adresse.',

  provider_changed_subject: 'L’authentification unique de votre compte Loops a changé',
  provider_connected_heading: 'Un fournisseur vous connecte désormais',
  provider_connected_text:
    'Bonjour {name}, {provider} a été relié à votre compte\u00a0: quiconque s’y connecte en votre nom est connecté à Loops.',
  provider_disconnected_heading: 'Un fournisseur ne vous connecte plus',
  provider_disconnected_text:
    'Bonjour {name}, {provider} a été détaché de votre compte et ne vous connecte plus à Loops.',
  provider_changed_advice:
    'Si ce n’était pas vous, ouvrez votre compte, déconnectez-vous partout et prévenez les personnes qui gèrent Loops pour vous.',
  provider_changed_button: 'Ouvrir votre compte',

  provider_link_subject: 'Relier {provider} à votre compte Loops',
  provider_link_heading: 'Relier {provider}\u00a0?',
  provider_link_text:
    'Bonjour {name}, quelqu’un s’est connecté chez {provider} sous {shown} et veut s’en servir pour se connecter à votre compte.',
  provider_link_advice: 'C’était vous\u00a0? Ouvrez alors le lien dans le navigateur où vous avez commencé.',
  provider_link_button: 'Relier',
  provider_link_unexpected:
    'Ce n’était pas vous\u00a0? Vous pouvez ignorer cet e-mail\u00a0: rien ne change. Ne transmettez ce lien à personne.',

  token_expiring_subject: 'Votre jeton {token} expire bientôt',
  token_expiring_preview: 'Il fonctionne jusqu’au {when}',
  token_expiring_heading: 'Un jeton d’accès expire bientôt',
  token_expiring_text:
    'Bonjour {name}, votre jeton d’accès {token}, qui finit par {ending}, fonctionne dans {workspace} jusqu’au {when}.',
  token_expiring_service_text:
    'Bonjour {name}, le jeton d’accès {token} du compte de service {account}, qui finit par {ending}, fonctionne dans {workspace} jusqu’au {when}.',
  token_expiring_advice:
    'Remplacez-le avant cette date. Le texte actuel fonctionne encore un jour, pour qu’aucun programme ne s’arrête.',
  token_expiring_button: 'Remplacer le jeton',
  token_expiring_footer:
    'Vous recevez cet e-mail parce qu’un programme peut s’arrêter quand le jeton expire. Il n’y en aura pas d’autre.',
  new_browser_subject: 'Un nouveau navigateur s’est connecté à votre compte Loops',
  new_browser_heading: 'Connexion depuis un nouveau navigateur',
  new_browser_text:
    'Bonjour {name}, quelqu’un s’est connecté à votre compte le {when}, depuis un navigateur que nous ne connaissons pas\u00a0:',
  new_browser_named: '{browser} sur {system}',
  new_browser_unknown: 'Un navigateur qui ne dit pas ce qu’il est',
  new_browser_address: 'Son adresse réseau était {address}. Nous n’en savons pas plus sur le lieu.',
  new_browser_advice:
    'Si ce n’était pas vous, déconnectez ce navigateur tout de suite, changez votre mot de passe et déconnectez-vous partout.',
  new_browser_button: 'Voir les navigateurs connectés',
  account_deleted_subject: 'Votre compte Loops a été supprimé',
  account_deleted_preview: 'Votre nom et votre adresse sont effacés',
  account_deleted_heading: 'Votre compte a été supprimé',
  account_deleted_text:
    'Bonjour {name}, votre compte a été supprimé. Personne ne peut plus s’y connecter, et plus rien ne travaille en votre nom.',
  account_deleted_advice:
    'Ce que vous avez écrit reste dans les espaces de travail sous « Ancien membre ». Si ce n’était pas vous, prévenez les personnes qui gèrent Loops pour vous. Vous pouvez créer un nouveau compte avec cette adresse à tout moment.',
  account_deleted_button: 'Ouvrir Loops',
  workspace_deleted_subject: 'Un de vos espaces de travail Loops a été supprimé',
  workspace_deleted_heading: 'Votre espace de travail a été supprimé',
  workspace_deleted_text:
    'Bonjour {name}, {by} a supprimé l’espace de travail {workspace} avec ses tâches, ses loops et ses commentaires. Vous n’en êtes plus membre, et les applications qui y étaient connectées ne fonctionnent plus.',
  workspace_deleted_advice:
    'Il ne peut pas être rétabli. Votre compte et vos autres espaces de travail sont inchangés. Si vous ne vous y attendiez pas, adressez-vous à la personne qui l’a fait.',
  workspace_deleted_button: 'Ouvrir Loops',
}
