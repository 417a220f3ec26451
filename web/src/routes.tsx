// Every screen on one page, and the only place where features meet.

import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  Outlet,
  type RouterHistory,
  RouterProvider,
  redirect,
} from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { ApiError } from './api/client'
import { Live } from './api/live'
import { incidentDetail } from './features/incidents/detail-queries'
import { FeedbackGiven } from './features/incidents/feedback-given'
import { filterFromSearch, searchFromFilter } from './features/incidents/filter'
import { IncidentPage } from './features/incidents/incident-page'
import { IncidentsScreen } from './features/incidents/incidents-screen'
import { SearchBox } from './features/incidents/search-box'
import { ModelsScreen } from './features/models/models-screen'
import { BrokenPage } from './features/shell/broken-page'
import { NoSuchPage } from './features/shell/no-such-page'
import { Shell } from './features/shell/shell'
import { SourceHealth } from './features/sources/source-health'
import { SourceStates } from './features/sources/source-states'
import { SourcesScreen } from './features/sources/sources-screen'
import { paths } from './paths'
import { DisplayProvider } from './ui/display'
import { ToastProvider } from './ui/toast'

interface Context {
  client: QueryClient
  live: Live
}

const root = createRootRouteWithContext<Context>()({
  component: function Root() {
    const { live } = root.useRouteContext()
    return (
      <Shell live={live} search={<SearchBox />} health={<SourceHealth />}>
        <Outlet />
      </Shell>
    )
  },
  notFoundComponent: NoSuchPage,
})

const home = createRoute({
  getParentRoute: () => root,
  path: paths.home,
  beforeLoad: () => {
    throw redirect({ to: paths.incidents })
  },
})

const incidents = createRoute({
  getParentRoute: () => root,
  path: paths.incidents,
  validateSearch: (search) => searchFromFilter(filterFromSearch(search)),
  component: () => <IncidentsScreen states={<SourceStates />} />,
})

const incident = createRoute({
  getParentRoute: () => incidents,
  path: '$id',
  // Runs on hover too (defaultPreload below), so that a click shows at once.
  loader: ({ context, params }) => {
    void context.client.prefetchQuery(incidentDetail(params.id))
  },
  component: IncidentPage,
})

const sources = createRoute({
  getParentRoute: () => root,
  path: paths.sources,
  component: SourcesScreen,
})

const models = createRoute({
  getParentRoute: () => root,
  path: paths.models,
  component: () => <ModelsScreen feedback={<FeedbackGiven />} />,
})

const tree = root.addChildren([home, incidents.addChildren([incident]), sources, models])

export function makeClient() {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // An air-gapped machine is "offline" to the browser and yet serves this page.
        networkMode: 'always',
        // Nothing moves under the reader because a window came to the front.
        refetchOnWindowFocus: false,
        retry: (failures, error) =>
          failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      },
      mutations: { networkMode: 'always', retry: false },
    },
  })
}

export function makeRouter(context: Context, history?: RouterHistory) {
  return createRouter({
    routeTree: tree,
    context,
    defaultErrorComponent: BrokenPage,
    defaultPreload: 'intent',
    defaultPreloadDelay: 60,
    // Plain ?severity=high&type=ransomware,malware: people read and share these.
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      const params = new URLSearchParams()
      for (const [name, value] of Object.entries(search)) {
        if (value !== undefined && value !== '') params.set(name, String(value))
      }
      const text = params.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')
      return text === '' ? '' : `?${text}`
    },
    ...(history === undefined ? {} : { history }),
  })
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>
  }
}

/** `history` and `now` are for tests. */
export function App({
  client: given,
  history,
  now,
}: {
  client?: QueryClient
  history?: RouterHistory
  now?: number
}) {
  const [{ client, live, router }] = useState(() => {
    const client = given ?? makeClient()
    const live = new Live(client)
    return { client, live, router: makeRouter({ client, live }, history) }
  })
  useEffect(() => {
    live.open()
    return () => live.close()
  }, [live])
  return (
    <QueryClientProvider client={client}>
      <DisplayProvider {...(now === undefined ? {} : { now })}>
        <ToastProvider>
          <RouterProvider router={router} />
        </ToastProvider>
      </DisplayProvider>
    </QueryClientProvider>
  )
}
