// The triage page in its states, for the tests of every page.
import type { Page } from 'playwright-core'
import { agentOf } from './accounts.ts'
import { at, type State } from './page-ways.ts'
import { LONG, type World } from './page-world.ts'

type Made = Readonly<{ plain: string; long: string; decided: string }>

const BODY = `## Why\n\nThe footer **overlaps** on phones:\n\n- at 320 px\n- in Arabic\n\n\`\`\`css\nfooter { position: fixed; inset-block-end: 0; inset-inline: 0; padding: 1rem 2rem; margin: 0 }\n\`\`\`\n\n> It worked before. ${LONG}\n\n| width | ok |\n|-|-|\n| 320 | no |`

const fill = async ({ system, accounts, publicLoop }: World): Promise<Made> => {
  await using agent = await agentOf(system, accounts.owner, { name: 'Claude Code' })
  const titles = [
    'Make the export stream',
    'Retry mails that bounced',
    'Show who holds a task',
    'Decided elsewhere',
  ]
  const made: string[] = []
  for (const title of titles) made.push((await agent.call('create_task', { title, body: BODY })).task.id)
  const [asked = '', , plain = '', decided = ''] = made
  await agent.call('update_task', { task_id: asked, status: 'approved', loop_id: publicLoop })
  await agent.call('add_comment', {
    task_id: asked,
    text: 'Should it be **one file** per loop, or one for the whole workspace?',
    kind: 'question',
    hold: true,
  })
  await agent.call('update_task', { task_id: decided, status: 'rejected' })
  const { task } = await agent.call('create_task', {
    title: LONG,
    body: `# ${LONG}\n\n${LONG} <script>alert(1)</script>\n\n    ${LONG}`,
    labels: ['x'.repeat(50), '<b>bold</b>'],
    priority: 'urgent',
    due_date: '2026-12-24',
    loop_id: publicLoop,
  })
  for (const text of ['Seen on staging too.', LONG, `${'word '.repeat(120)}end`])
    await agent.call('add_comment', { task_id: task.id, text })
  return { plain, long: task.id, decided }
}

const made = new WeakMap<World, Promise<Made>>()
/** What the states show is made once in a world, by the first that is looked at. */
const madeIn = (world: World): Promise<Made> => {
  const known = made.get(world) ?? fill(world)
  made.set(world, known)
  return known
}

const triage =
  (name?: keyof Made, more = '') =>
  async (page: Page, world: World): Promise<unknown> => {
    const tasks = await madeIn(world)
    return at(`/triage${name ? `?task=${tasks[name]}${more}` : ''}`)(page, world)
  }

export const TRIAGE_PAGES: readonly State[] = [
  { name: 'triage', as: 'owner', open: triage() },
  { name: 'triage_of_a_task', as: 'member', open: triage('plain') },
  {
    name: 'triage_of_long_and_hostile_texts_with_tasks_selected',
    as: 'owner',
    open: async (page, world) => {
      await triage('long', '&list')(page, world)
      await page.keyboard.press('e')
      await page.locator('#main [data-checks]').check()
    },
  },
  { name: 'triage_for_a_viewer', as: 'viewer', open: triage('plain') },
  { name: 'triage_of_a_task_that_is_decided', as: 'owner', open: triage('decided') },
  {
    name: 'triage_of_a_text_that_was_changed_meanwhile',
    as: 'owner',
    open: async (page, world) => {
      await triage('plain')(page, world)
      await page.keyboard.press('e')
      await page.locator('.edit textarea').fill('A text of mine.')
      await page.evaluate(() => {
        const field = document.querySelector<HTMLInputElement>('.edit [name=expected_version]')
        if (field) field.value = '99'
      })
      await page.locator('.edit').getByRole('button', { name: 'Save' }).click()
      await page.locator('.stored').waitFor()
    },
  },
  {
    name: 'triage_after_an_approval_without_a_loop',
    as: 'owner',
    open: async (page, world) => {
      await triage('plain')(page, world)
      await page.keyboard.press('1')
      await page.locator('.offer').waitFor()
    },
  },
]
