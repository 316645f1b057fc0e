// Search, activity and agents in their states, for the tests of every page.
import { at, type State } from './page-ways.ts'
import { LONG } from './page-world.ts'

export const VIEW_PAGES: readonly State[] = [
  { name: 'search', as: 'owner', open: at('/search') },
  { name: 'search_with_results', as: 'owner', open: at('/search?q=the+old') },
  { name: 'search_for_hostile_texts', as: 'owner', open: at(`/search?q=${encodeURIComponent(LONG)}`) },
  { name: 'search_that_finds_nothing', as: 'member', open: at('/search?q=zebra') },
  { name: 'search_without_a_word', as: 'member', open: at('/search?q=%2B%2B') },
  { name: 'activity', as: 'owner', open: at('/activity') },
  { name: 'no_activity', as: 'member', open: at('/activity?since=2999-01-01') },
  { name: 'agents', as: 'owner', open: at('/agents') },
  { name: 'no_agents', as: 'viewer', open: at('/agents') },
]
