// Who may import whom in src/, as the style guide says: features import api, ui
// and paths, never one another, and meet only in routes.tsx; ui knows no data
// and no router; api knows no screen. Tests may also import testing.
//
// Run by `npm run lint`. Type imports count too: a type is a dependency.

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'

const src = resolve(dirname(fileURLToPath(import.meta.url)), '../src')

/** What each part may import besides itself; packages are listed where they are forbidden. */
const allowed = {
  api: [],
  ui: [],
  paths: [],
  features: ['api', 'ui', 'paths'],
  testing: ['api', 'ui', 'paths', 'routes'],
  routes: ['api', 'ui', 'paths', 'features'],
  main: ['api', 'ui', 'routes'],
}
const forbiddenPackages = {
  api: ['react', 'react-dom', '@tanstack/react-router'],
  ui: ['@tanstack/react-query', '@tanstack/react-router'],
}

/** @param {string} folder @returns {string[]} */
function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? files(path) : /\.tsx?$/.test(entry.name) ? [path] : []
  })
}

/** The part a file belongs to, and for a feature which one. @param {string} path */
function place(path) {
  const [part = '', feature = ''] = relative(src, path).split(sep)
  const name = part.replace(/\.(test\.)?tsx?$/, '')
  return { part: name, feature: name === 'features' ? feature : '' }
}

const faults = []
for (const file of files(src)) {
  const from = place(file)
  const test = /\.test\.tsx?$/.test(file)
  const text = readFileSync(file, 'utf8')
  for (const [, target = ''] of text.matchAll(
    /(?:from\s+|import\s+|import\(\s*|require\(\s*)['"]([^'"]+)['"]/g,
  )) {
    const where = `${relative(src, file)} imports ${target}`
    if (!target.startsWith('.')) {
      const banned = forbiddenPackages[/** @type {keyof typeof forbiddenPackages} */ (from.part)]
      if (!test && banned?.some((name) => target === name || target.startsWith(`${name}/`)))
        faults.push(`${where}: ${from.part} must not know it`)
      continue
    }
    const to = place(resolve(dirname(file), target))
    const own = to.part === from.part && to.feature === from.feature
    const may = allowed[/** @type {keyof typeof allowed} */ (from.part)]
    if (may === undefined) faults.push(`${relative(src, file)}: ${from.part} is no known part`)
    else if (!own && !may.some((part) => part === to.part) && !(test && to.part === 'testing'))
      faults.push(
        `${where}: ${from.part} may import ${may.join(', ') || 'nothing'} (features meet in routes.tsx)`,
      )
  }
}
if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log('import boundaries hold')
