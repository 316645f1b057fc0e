// The words for roles and scopes, on pages. Pure.
import { SCOPES, type Scope } from './common.ts'
import type { Role } from './contract.ts'
import type { Language } from './language.ts'
import { defineMessages, wordsOf } from './wording.ts'

export const ROLE_WORDS = defineMessages({
  en: { owner: 'owner', admin: 'admin', member: 'member', viewer: 'viewer' },
  de: { owner: 'Inhaber', admin: 'Admin', member: 'Mitglied', viewer: 'Leser' },
  fr: { owner: 'propriétaire', admin: 'admin', member: 'membre', viewer: 'lecteur' },
  es: { owner: 'propietario', admin: 'admin', member: 'miembro', viewer: 'lector' },
  ar: { owner: 'مالك', admin: 'مشرف', member: 'عضو', viewer: 'مطّلع' },
})

/** The word for a role. */
export const roleWord = (role: Role, language: Language): string => wordsOf(ROLE_WORDS, language).word(role)

/** Several roles, one after the other. */
export const roleList = (roles: readonly Role[], language: Language): string =>
  roles.map((role) => roleWord(role, language)).join(language === 'ar' ? '، ' : ', ')

/** The compiler asks for the words of each scope that is added to `SCOPES`. */
export const SCOPE_WORDS = defineMessages({
  en: SCOPES,
  de: {
    'loops:read': 'Den Arbeitsbereich sehen, mit Aufgaben, Loops, Kommentaren und Warteschlange',
    'loops:write': 'Aufgaben, Loops und Kommentare anlegen und ändern und die Loops ordnen',
    'loops:approve': 'Aufgaben freigeben, sodass Agenten damit anfangen dürfen',
  },
  fr: {
    'loops:read': 'Voir l’espace de travail, ses tâches, ses loops, ses commentaires et sa file',
    'loops:write': 'Créer et modifier des tâches, des loops et des commentaires, et ordonner les loops',
    'loops:approve': 'Approuver des tâches, ce qui permet aux agents de les commencer',
  },
  es: {
    'loops:read': 'Ver el espacio de trabajo, sus tareas, loops, comentarios y cola',
    'loops:write': 'Crear y cambiar tareas, loops y comentarios, y ordenar los loops',
    'loops:approve': 'Aprobar tareas, lo que permite a los agentes empezarlas',
  },
  ar: {
    'loops:read': 'رؤية مساحة العمل ومهامها وحلقاتها وتعليقاتها وقائمة عملها',
    'loops:write': 'إنشاء المهام والحلقات والتعليقات وتغييرها، وترتيب الحلقات',
    'loops:approve': 'اعتماد المهام، مما يتيح للوكلاء البدء فيها',
  },
})

/** What a scope allows. */
export const scopeWord = (scope: Scope, language: Language): string =>
  wordsOf(SCOPE_WORDS, language).word(scope)

/** What several scopes allow, and whatever else there is to say of a right, one after the other. */
export const rightsList = (
  scopes: readonly Scope[],
  language: Language,
  further: readonly string[] = [],
): string =>
  [...scopes.map((scope) => scopeWord(scope, language)), ...further].join(language === 'ar' ? '؛ ' : '; ')
