// Search, activity and agents in their states, for the tests of every page.
import { agentOf } from './accounts.ts'
import { at, NOWHERE, type State } from './page-ways.ts'
import { LONG } from './page-world.ts'

export const VIEW_PAGES: readonly State[] = [
  { name: 'search', as: 'owner', open: at('/search') },
  { name: 'search_with_results', as: 'owner', open: at('/search?q=the+old') },
  { name: 'search_for_hostile_texts', as: 'owner', open: at(`/search?q=${encodeURIComponent(LONG)}`) },
  { name: 'search_that_finds_nothing', as: 'member', open: at('/search?q=zebra') },
  { name: 'search_without_a_word', as: 'member', open: at('/search?q=%2B%2B') },
  { name: 'activity', as: 'owner', open: at('/activity') },
  { name: 'no_activity', as: 'member', open: at('/activity?since=2999-01-01') },
  {
    name: 'activity_filtered_by_hostile_names',
    as: 'owner',
    open: at(
      `/activity?${new URLSearchParams({ client: LONG, agent: LONG.slice(0, 100), person: NOWHERE, since: '2026-01-01' })}`,
    ),
  },
  {
    name: 'activity_of_one_loop',
    as: 'owner',
    open: at(({ privateLoop }) => `/activity?loop=${privateLoop}&client=agent-modern`),
  },
  { name: 'activity_backwards', as: 'member', open: at('/activity?since=2026-01-02&until=2026-01-01') },
  { name: 'agents', as: 'owner', open: at('/agents') },
  {
    name: 'agents_of_others',
    as: 'owner',
    open: async (page, world) => {
      await using agent = await agentOf(world.system, world.accounts.member, { name: LONG })
      await agent.call('get_queue_stats', {})
      await at('/agents')(page, world)
    },
  },
  { name: 'no_agents', as: 'viewer', open: at('/agents') },
]
