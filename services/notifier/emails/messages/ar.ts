// The messages of the mails in Arabic, which is written from right to left and has six plural categories. Pure.
import type { Messages } from './en.ts'

export const ar: Messages = {
  shipped_subject: 'تم التسليم: {loop}',
  shipped_preview: '{by}: {summary}',
  shipped_label: 'تم التسليم',
  shipped_by: 'مرحبًا {name}، تم تسليم هذه الحلقة من قِبل {by} بتاريخ {when}.',
  shipped_by_with: 'مرحبًا {name}، تم تسليم هذه الحلقة من قِبل {by} عبر {client} بتاريخ {when}.',
  shipped_by_you: 'لقد سلّمت هذه الحلقة بتاريخ {when}. أحسنت يا {name}!',
  shipped_by_you_with: 'لقد سلّمت هذه الحلقة عبر {client} بتاريخ {when}. أحسنت يا {name}!',
  summary: '{shipped}، و{left}',
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
    one: 'ومهمة أخرى في الحلقة',
    two: 'ومهمتان أخريان في الحلقة',
    few: 'و{count} مهام أخرى في الحلقة',
    many: 'و{count} مهمة أخرى في الحلقة',
    other: 'و{count} مهمة أخرى في الحلقة',
  },
  open_loop: 'فتح الحلقة',
  open_task: 'فتح المهمة',
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
  invitation_unexpected: 'لم تكن تتوقع هذه الدعوة؟ يمكنك تجاهل هذه الرسالة: لا يُنشأ أي حساب من دونك.',

  reset_subject: 'اختيار كلمة مرور جديدة لحسابك على Loops',
  reset_preview: 'يعمل الرابط حتى {when}',
  reset_heading: 'اختيار كلمة مرور جديدة',
  reset_text:
    'مرحبًا {name}، طُلبت كلمة مرور جديدة لحسابك. عند اختيارها يُسجَّل خروجك من جميع المتصفحات ويُقطع اتصال جميع التطبيقات.',
  reset_button: 'اختيار كلمة مرور جديدة',
  reset_link: 'هذا الرابط لك وحدك ويعمل مرة واحدة حتى {when}:',
  reset_unexpected: 'لم تطلب ذلك؟ يمكنك تجاهل هذه الرسالة: تبقى كلمة مرورك كما هي.',

  webhook_subject: 'تم إيقاف خطاف الويب: {url}',
  webhook_preview: '{workspace}: لم يعد Loops يستدعي عنوانه',
  webhook_label: 'تم إيقاف خطاف الويب',
  webhook_failing:
    'مرحبًا {name}، لم يعد Loops يستدعي هذا العنوان. فشلت الاستدعاءات في خمسة أيام مختلفة، ولم ينجح أي منها منذ {when}.',
  webhook_gone:
    'مرحبًا {name}، لم يعد Loops يستدعي هذا العنوان. كان رده 410 Gone، أي أنه لا يريد استدعاءات أخرى.',
  webhook_next: 'عندما يعمل العنوان من جديد، يمكنك تفعيل خطاف الويب وإعادة الاستدعاءات التي فشلت.',
  webhook_button: 'فتح خطافات الويب',
  why_owner: 'تصلك هذه الرسالة لأنك مالك مساحة العمل هذه.',

  held_subject: 'معلّقة: {task}',
  held_preview: '{workspace}: لم يعد أحد لإكمالها',
  held_label: 'مهمة معلّقة',
  held_text: 'مرحبًا {name}، هذه المهمة معلّقة: {vanished}.',
  held_vanished: {
    one: 'تولّاها وكيل واحد ولم يعد',
    two: 'تولّاها وكيلان على التوالي ولم يعودا',
    few: 'تولّاها {count} وكلاء على التوالي ولم يعودوا',
    many: 'تولّاها {count} وكيلًا على التوالي ولم يعودوا',
    other: 'تولّاها {count} وكيل على التوالي ولم يعودوا',
  },
  held_next:
    'قد تكون كبيرة جدًا أو غير واضحة، أو قد تُعطّل جهاز من يعمل عليها. يمكنك فتح المهمة وتعديل ما يلزم ثم اعتمادها من جديد.',
  why_approver: 'تصلك هذه الرسالة لأنك اعتمدت هذه المهمة.',

  mention_subject: 'إشارة إليك من {by}: {title}',
  mention_label: 'إشارة إليك',
  mention_task: 'مرحبًا {name}، تمت الإشارة إليك من قِبل {by} في تعليق على هذه المهمة.',
  mention_task_with: 'مرحبًا {name}، تمت الإشارة إليك من قِبل {by} عبر {client} في تعليق على هذه المهمة.',
  mention_loop: 'مرحبًا {name}، تمت الإشارة إليك من قِبل {by} في تعليق على هذه الحلقة.',
  mention_loop_with: 'مرحبًا {name}، تمت الإشارة إليك من قِبل {by} عبر {client} في تعليق على هذه الحلقة.',
  why_mentioned: 'تصلك هذه الرسالة لأن أحدهم أشار إليك في تعليق.',
  unsubscribe_mentions: 'إيقاف الرسائل عن الإشارات إليك',

  confirm_subject: 'تأكيد عنوانك على Loops',
  confirm_preview: 'نقرة واحدة تكفي، حتى {when}',
  confirm_heading: 'تأكيد عنوانك',
  confirm_text: 'أُنشئ حساب على Loops بالعنوان {email}. هل أنشأته أنت؟ يمكنك تسجيل الدخول ثم تأكيد العنوان.',
  confirm_button: 'تأكيد العنوان',
  confirm_link: 'هذا الرابط لك وحدك ويعمل حتى {when}:',
  confirm_unexpected: 'لم تُنشئ هذا الحساب؟ يمكنك تجاهل هذه الرسالة: لن تصلك رسائل أخرى بشأنه.',

  tries_subject: 'هناك من يجرّب كلمات مرور لحسابك على Loops',
  tries_preview: 'لم يتمكن أحد من الدخول',
  tries_heading: 'هناك من يحاول تسجيل الدخول باسمك',
  tries_text: 'مرحبًا {name}، جرت محاولات كثيرة للدخول إلى حسابك بكلمة مرور خاطئة. لم تنجح أيٌّ منها.',
  tries_advice:
    'لا يلزمك فعل شيء. المتصفحات التي سبق لك تسجيل الدخول منها ما زالت تسمح لك بالدخول. وإن لم يسمح لك متصفح آخر، فيمكنك طلب رسالة فيها رابط.',
  tries_button: 'الحصول على رابط للدخول',
  tries_again: 'نخبرك بهذا مرة واحدة في اليوم على الأكثر.',

  account_preview: 'إن كنت أنت من فعل ذلك فلا شيء عليك',
  account_footer: 'تصلك هذه الرسالة لأنها تخص أمان حسابك.',

  password_changed_subject: 'تغيّرت كلمة مرور حسابك على Loops',
  password_changed_heading: 'تغيّرت كلمة مرورك',
  password_changed_text:
    'مرحبًا {name}، لحسابك كلمة مرور جديدة. سُجِّل خروجك من كل المتصفحات الأخرى، وفُصلت كل التطبيقات.',
  password_changed_advice: 'إن لم تكن أنت فاختر كلمة مرور جديدة الآن، وأخبر القائمين على Loops لديك.',
  password_changed_button: 'اختيار كلمة مرور جديدة',

  app_connected_subject: 'رُبط تطبيق بحسابك على Loops',
  app_connected_heading: 'يمكن لتطبيق الآن أن يعمل باسمك',
  app_connected_text: 'مرحبًا {name}، رُبط بحسابك تطبيق يسمّي نفسه {app}، في {workspace}.',
  app_connected_advice: 'إن لم تكن أنت فافصله وغيّر كلمة مرورك.',
  app_connected_button: 'عرض التطبيقات المرتبطة',

  new_address_subject: 'تأكيد عنوانك الجديد على Loops',
  new_address_heading: 'تأكيد عنوانك الجديد',
  new_address_text: 'سيصبح {email} عنوان حساب على Loops. هل طلبت ذلك؟ سجّل الدخول ثم أكّده.',
  new_address_button: 'استخدام هذا العنوان',
  new_address_unexpected: 'لم تكن أنت؟ يمكنك تجاهل هذه الرسالة: لن يتغير شيء.',

  address_changed_subject: 'لحسابك على Loops عنوان جديد',
  address_changed_heading: 'لحسابك عنوان جديد',
  address_changed_text: 'مرحبًا {name}، عنوان حسابك الآن {email}. من الآن تصل إليه الرسائل المتعلقة بالحساب.',
  address_changed_advice: 'إن لم تكن أنت فأخبر فورًا القائمين على Loops لديك: يمكنهم إنهاء جلسات الحساب.',
  address_changed_button: 'فتح حسابك',
  address_changed_footer: 'هذه آخر رسالة إلى هذا العنوان.',
}
