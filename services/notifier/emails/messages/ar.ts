// The mails in Arabic, which is written from right to left and has six plural categories. Pure.
import type { Messages } from './en.ts'

export const ar: Messages = {
  shipped_subject: 'تم التسليم: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'تم التسليم',
  shipped_by: 'مرحبًا {name}، تم تسليم هذه الحلقة من قِبل {by} بتاريخ {when}.',
  shipped_by_through: 'مرحبًا {name}، تم تسليم هذه الحلقة من قِبل {by} عبر {client} بتاريخ {when}.',
  summary: '{shipped}، {left}',
  tasks_shipped: {
    zero: 'لم تُسلَّم أي مهمة',
    one: 'تم تسليم مهمة واحدة',
    two: 'تم تسليم مهمتين',
    few: 'تم تسليم {count} مهام',
    many: 'تم تسليم {count} مهمة',
    other: 'تم تسليم {count} مهمة',
  },
  tasks_left: {
    one: 'مهمة واحدة لم تكتمل',
    two: 'مهمتان لم تكتملا',
    few: '{count} مهام لم تكتمل',
    many: '{count} مهمة لم تكتمل',
    other: '{count} مهمة لم تكتمل',
  },
  nothing_left: 'لم يبقَ شيء دون إكمال',
  list_shipped: 'المهام المسلَّمة',
  list_left: 'مهام لم تكتمل',
  more: {
    one: 'ومهمة أخرى في مساحة العمل',
    two: 'ومهمتان أخريان في مساحة العمل',
    few: 'و{count} مهام أخرى في مساحة العمل',
    many: 'و{count} مهمة أخرى في مساحة العمل',
    other: 'و{count} مهمة أخرى في مساحة العمل',
  },
  open_workspace: 'فتح مساحة العمل',
  why_workspace: 'تصلك هذه الرسالة لأنك عضو في مساحة العمل هذه.',
  why_loop: 'تصلك هذه الرسالة لأنك عضو في هذه الحلقة.',
  choose_mails: 'اختيار الرسائل التي تصلك',
  unsubscribe: 'إلغاء الاشتراك',

  invitation_subject: 'دعوة من {by} إلى {workspace} على Loops',
  invitation_preview: 'يمكنك إنشاء حسابك والانضمام حتى {when}',
  invitation_heading: 'الانضمام إلى {workspace}',
  invitation_text:
    'تلقيت دعوة من {by} إلى مساحة العمل هذه على Loops، حيث يتشارك الناس ووكلاء البرمجة قائمة عمل واحدة.',
  invitation_button: 'قبول الدعوة',
  invitation_link: 'هذا الرابط لك وحدك ويعمل حتى {when}:',
  invitation_unexpected: 'لم تكن تتوقع هذه الدعوة؟ لا داعي لفعل شيء: لا يُنشأ أي حساب من دونك.',

  reset_subject: 'كلمة مرور جديدة لحسابك على Loops',
  reset_preview: 'يمكنك اختيارها حتى {when}',
  reset_heading: 'اختيار كلمة مرور جديدة',
  reset_text:
    'مرحبًا {name}، طُلبت كلمة مرور جديدة لحسابك. عند اختيارها يُسجَّل خروجك من جميع المتصفحات ويُقطع اتصال التطبيقات المرتبطة.',
  reset_button: 'اختيار كلمة مرور جديدة',
  reset_link: 'هذا الرابط لك وحدك ويعمل مرة واحدة حتى {when}:',
  reset_unexpected: 'لم تطلب ذلك؟ لا داعي لفعل شيء: تبقى كلمة مرورك كما هي.',

  webhook_subject: 'تم إيقاف خطاف الويب: {url}',
  webhook_preview: '{workspace}: لم يعد عنوانه يُستدعى',
  webhook_label: 'تم إيقاف خطاف الويب',
  webhook_failing:
    'مرحبًا {name}، لم يعد Loops يستدعي هذا العنوان. فشلت الاستدعاءات في خمسة أيام، ولم ينجح أي منها منذ {when}.',
  webhook_gone:
    'مرحبًا {name}، لم يعد Loops يستدعي هذا العنوان. كان رده 410 Gone، أي أنه لا يريد استدعاءات أخرى.',
  webhook_next: 'عندما يعمل العنوان من جديد، يمكنك تفعيل خطاف الويب وإعادة الاستدعاءات التي فشلت.',
  webhook_button: 'فتح خطافات الويب',
  why_owner: 'تصلك هذه الرسالة لأنك مالك مساحة العمل هذه.',

  confirm_subject: 'أكّد عنوانك في Loops',
  confirm_preview: 'نقرة واحدة تكفي، حتى {when}',
  confirm_heading: 'أكّد عنوانك',
  confirm_text: 'أُنشئ حساب في Loops بالعنوان {email}. هل هو حسابك؟ إذًا سجّل الدخول وأكّده.',
  confirm_button: 'تأكيد العنوان',
  confirm_link: 'هذا الرابط لك وحدك، ويعمل حتى {when}:',
  confirm_unexpected: 'لم تُنشئ هذا الحساب؟ إذًا لا تفعل شيئًا: لن تصلك رسائل أخرى منه.',

  tries_subject: 'هناك من يجرّب كلمات مرور لحسابك في Loops',
  tries_preview: 'لم يدخل أحد بذلك',
  tries_heading: 'هناك من يحاول تسجيل الدخول باسمك',
  tries_text: 'مرحبًا {name}، جرت محاولات كثيرة للدخول إلى حسابك بكلمة مرور خاطئة. لم تنجح أيٌّ منها.',
  tries_advice:
    'لا يلزمك فعل شيء. المتصفحات التي سبق أن سجّلت الدخول فيها ما زالت تسمح لك بالدخول. وإن لم يسمح لك متصفح آخر، فاطلب رسالة فيها رابط.',
  tries_button: 'الحصول على رابط للدخول',
  tries_again: 'نخبرك بهذا مرة واحدة في اليوم على الأكثر.',

  statuses: {
    open: 'مفتوحة',
    approved: 'معتمدة',
    in_progress: 'قيد التنفيذ',
    on_hold: 'معلّقة',
    shipped: 'مسلَّمة',
    rejected: 'مرفوضة',
  },
}
