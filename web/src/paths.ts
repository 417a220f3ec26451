// Every address a screen has. Features link by these; routes.tsx mounts them.

export const paths = {
  home: '/',
  incidents: '/incidents',
  incident: '/incidents/$id',
  models: '/models',
  sources: '/sources',
} as const
