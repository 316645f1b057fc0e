// What is said after something was taken back. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const UNDO = defineMessages({
  en: {
    undone: 'Undone.',
    nothing: 'There is nothing to undo any more.',
    changed_since: 'It has changed since, so it was left as it is.',
    partly: {
      one: 'Undone, but for {count} that has changed since.',
      other: 'Undone, but for {count} that have changed since.',
    },
  },
  de: {
    undone: 'Rückgängig gemacht.',
    nothing: 'Es gibt nichts mehr rückgängig zu machen.',
    changed_since: 'Das hat sich inzwischen geändert und bleibt, wie es ist.',
    partly: { other: 'Rückgängig gemacht, bis auf {count} inzwischen geänderte.' },
  },
  fr: {
    undone: 'Annulé.',
    nothing: 'Il n’y a plus rien à annuler.',
    changed_since: 'Ceci a changé entre-temps et reste tel quel.',
    partly: {
      one: 'Annulé, sauf {count} élément modifié entre-temps.',
      other: 'Annulé, sauf {count} éléments modifiés entre-temps.',
    },
  },
  es: {
    undone: 'Deshecho.',
    nothing: 'Ya no hay nada que deshacer.',
    changed_since: 'Ha cambiado mientras tanto y se queda como está.',
    partly: {
      one: 'Deshecho, salvo {count} que ha cambiado mientras tanto.',
      other: 'Deshecho, salvo {count} que han cambiado mientras tanto.',
    },
  },
  ar: {
    undone: 'تم التراجع.',
    nothing: 'لم يعد هناك ما يمكن التراجع عنه.',
    changed_since: 'تغيّر هذا في الأثناء فبقي كما هو.',
    partly: {
      one: 'تم التراجع، ما عدا عنصرًا واحدًا تغيّر في الأثناء.',
      two: 'تم التراجع، ما عدا عنصرين تغيّرا في الأثناء.',
      few: 'تم التراجع، ما عدا {count} عناصر تغيّرت في الأثناء.',
      other: 'تم التراجع، ما عدا {count} عنصرًا تغيّر في الأثناء.',
    },
  },
})
