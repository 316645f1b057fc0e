// The words of the queue page, apart from its layout. Pure.
import { defineMessages } from '../../../../shared/contracts/define/wording.ts'

export const QUEUE = defineMessages({
  en: { title: 'Queue' },
  de: { title: 'Warteschlange' },
  fr: { title: 'File' },
  es: { title: 'Cola' },
  ar: { title: 'قائمة العمل' },
})
