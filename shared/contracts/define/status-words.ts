// The words for the statuses of tasks and loops, in mails and on pages. Pure.
import { defineMessages } from './wording.ts'

export const STATUS_WORDS = defineMessages({
  en: {
    open: 'open',
    approved: 'approved',
    in_progress: 'in progress',
    on_hold: 'on hold',
    shipped: 'shipped',
    rejected: 'rejected',
  },
  de: {
    open: 'offen',
    approved: 'freigegeben',
    in_progress: 'in Arbeit',
    on_hold: 'pausiert',
    shipped: 'ausgeliefert',
    rejected: 'abgelehnt',
  },
  fr: {
    open: 'ouverte',
    approved: 'approuvée',
    in_progress: 'en cours',
    on_hold: 'en pause',
    shipped: 'livrée',
    rejected: 'rejetée',
  },
  es: {
    open: 'abierta',
    approved: 'aprobada',
    in_progress: 'en curso',
    on_hold: 'en pausa',
    shipped: 'entregada',
    rejected: 'rechazada',
  },
  ar: {
    open: 'مفتوحة',
    approved: 'معتمدة',
    in_progress: 'قيد التنفيذ',
    on_hold: 'معلّقة',
    shipped: 'مسلَّمة',
    rejected: 'مرفوضة',
  },
})
