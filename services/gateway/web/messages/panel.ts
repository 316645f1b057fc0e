// The words around what a service declares as a page. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const PANEL = defineMessages({
  en: {
    workspace: 'Workspace',
    all: 'All',
    next_page: 'Next page',
    actions: 'Actions',
    yes: 'yes',
    no: 'no',
  },
  de: {
    workspace: 'Arbeitsbereich',
    all: 'Alle',
    next_page: 'Nächste Seite',
    actions: 'Aktionen',
    yes: 'ja',
    no: 'nein',
  },
  fr: {
    workspace: 'Espace de travail',
    all: 'Tous',
    next_page: 'Page suivante',
    actions: 'Actions',
    yes: 'oui',
    no: 'non',
  },
  es: {
    workspace: 'Espacio de trabajo',
    all: 'Todos',
    next_page: 'Página siguiente',
    actions: 'Acciones',
    yes: 'sí',
    no: 'no',
  },
  ar: {
    workspace: 'مساحة العمل',
    all: 'الكل',
    next_page: 'الصفحة التالية',
    actions: 'الإجراءات',
    yes: 'نعم',
    no: 'لا',
  },
})
