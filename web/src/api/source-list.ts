// The sources and their health. More than one feature shows them (the top line,
// the empty list, the timeline), so the query lives here.

import { queryOptions } from '@tanstack/react-query'
import { api } from './client'

export const sourceList = () =>
  queryOptions({
    queryKey: ['sources'],
    queryFn: ({ signal }) => api.sources.list(signal),
    // Staleness must show even if the live connection is lost.
    refetchInterval: 60_000,
  })
