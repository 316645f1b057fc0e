// What the gateway refuses about deleting and exporting workspaces, in each language. Pure.
import type { AppError } from '../../../shared/contracts/define/errors.ts'
import { defineMessages, type Words, wordsOf } from '../../../shared/contracts/define/wording.ts'
import { fieldFault, translatedError } from '../translated-errors.ts'

const DELETION_WORDS = defineMessages({
  en: {
    only_owner_deletes: 'Only an owner can delete the workspace.',
    only_owner_exports: 'Only an owner can export the whole workspace.',
    wrong_name: 'Type the name of the workspace as it is written here.',
  },
  de: {
    only_owner_deletes: 'Nur ein Inhaber kann den Arbeitsbereich löschen.',
    only_owner_exports: 'Nur ein Inhaber kann den ganzen Arbeitsbereich exportieren.',
    wrong_name: 'Gib den Namen des Arbeitsbereichs so ein, wie er hier steht.',
  },
  fr: {
    only_owner_deletes: 'Seul un propriétaire peut supprimer l’espace de travail.',
    only_owner_exports: 'Seul un propriétaire peut exporter tout l’espace de travail.',
    wrong_name: 'Saisissez le nom de l’espace de travail tel qu’il est écrit ici.',
  },
  es: {
    only_owner_deletes: 'Solo un propietario puede eliminar el espacio de trabajo.',
    only_owner_exports: 'Solo un propietario puede exportar todo el espacio de trabajo.',
    wrong_name: 'Escribe el nombre del espacio de trabajo tal como aparece aquí.',
  },
  ar: {
    only_owner_deletes: 'لا يستطيع حذف مساحة العمل إلا مالك لها.',
    only_owner_exports: 'لا يستطيع تصدير مساحة العمل كلها إلا مالك لها.',
    wrong_name: 'اكتب اسم مساحة العمل كما هو مكتوب هنا.',
  },
})

type Say = (words: Words<(typeof DELETION_WORDS)['en']>) => string

/** The refusal of what somebody may not do with a whole workspace. */
export const forbiddenDeletion = (say: Say): AppError =>
  translatedError('forbidden', (_, language) => say(wordsOf(DELETION_WORDS, language)))

/** The refusal of what somebody typed into a field of the form. */
export const deletionFault = (field: string, say: Say): AppError =>
  fieldFault(field, (_, language) => say(wordsOf(DELETION_WORDS, language)))
