// Shows the dashboard at an address, as a reader would have it open.

import { createMemoryHistory } from '@tanstack/react-router'
import { render } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { App, makeClient } from '../routes'
import { NOW } from './factories'

export function open(path: string) {
  const history = createMemoryHistory({ initialEntries: [path] })
  const client = makeClient()
  // A failure is shown at once; that it is tried again is the library's affair.
  client.setDefaultOptions({
    queries: { ...client.getDefaultOptions().queries, retry: false },
    mutations: { ...client.getDefaultOptions().mutations },
  })
  const user = userEvent.setup()
  render(<App client={client} history={history} now={NOW} />)
  return { user, client, address: () => history.location.pathname + history.location.search }
}

/** Writes into a field in one go: key by key takes seconds on a busy machine. */
export async function write(
  user: ReturnType<typeof open>['user'],
  field: HTMLElement,
  text: string,
) {
  await user.click(field)
  await user.paste(text)
}
