// The page on which an owner deletes the workspace, in every state.
import { at, type State, send } from './page-ways.ts'

const PATH = '/workspace/delete'

export const WORKSPACE_STATES: readonly State[] = [
  { name: 'deletion_of_the_workspace', as: 'owner', open: at(PATH) },
  {
    name: 'deletion_of_the_workspace_with_a_fault',
    as: 'owner',
    open: async (page, world) => {
      await at(PATH)(page, world)
      await page.getByLabel('Name of the workspace').fill('Acme')
      await send(page, 'Delete the workspace for ever')
      await page.getByRole('alert').waitFor()
    },
  },
]
