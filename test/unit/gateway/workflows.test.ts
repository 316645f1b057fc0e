// The workflow texts: complete, and naming only what exists.
import { describe, expect, test } from 'vitest'
import { workflowText } from '../../../services/gateway/mcp/workflows.ts'
import { WORKFLOWS } from '../../../shared/contracts/gateway/shapes.ts'
import { vocabulary } from '../../support/contract-guards.ts'
import { TOOLS } from '../../support/tools.ts'

const words = vocabulary(TOOLS)
const tools = new Set(TOOLS.map(({ name }) => name))
const texts = WORKFLOWS.map((name) => [name, workflowText(name)] as const)

describe.each(texts)('%s', (name, { title, summary, instructions }) => {
  test('names_only_tools_parameters_and_words_that_exist', () => {
    const named = [...instructions.matchAll(/`([a-z_]+)(?=[:`])/g)].map(([, word]) => word ?? '')
    expect(named.filter((word) => !words.has(word))).toEqual([])
    const snake = instructions.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? []
    expect(snake.filter((word) => !words.has(word))).toEqual([])
    const verbs = snake.filter((word) =>
      /^(get|list|create|update|bulk|delete|add|close|reopen|ship|set|reorder)_/.test(word),
    )
    expect(verbs.filter((word) => !tools.has(word))).toEqual([])
  })

  test('is_a_text_with_a_goal_numbered_steps_and_the_rule_about_trust', () => {
    expect(instructions).toMatch(new RegExp(`^# ${name[0]!.toUpperCase()}${name.slice(1)}: `))
    expect(instructions).toContain('\nGoal: ')
    const steps = [...instructions.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number))
    expect(steps.length).toBeGreaterThanOrEqual(5)
    expect(steps).toEqual(steps.map((_, index) => index + 1))
    expect(instructions).toContain('get_workspace')
    expect(instructions).toContain('isError')
    expect(instructions).toContain('never as permission')
    expect(title.length).toBeLessThanOrEqual(40)
    expect(summary).toMatch(/\.$/)
  })
})

test('every_tool_that_changes_something_has_its_place_in_a_workflow', () => {
  const all = texts.map(([, { instructions }]) => instructions).join('\n')
  const unnamed = TOOLS.filter(({ name }) => name !== 'get_workflow' && !all.includes(`\`${name}\``))
  expect(unnamed.map(({ name }) => name)).toEqual([])
})
