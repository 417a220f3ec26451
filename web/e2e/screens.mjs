// Takes pictures of the screens over the made-up world, for looking at: every
// width and theme of ui.md, empty, one, many, error, lost connection. Fails if a
// page breaks the Content-Security-Policy, logs an error, scrolls sideways or has
// a fault that axe finds.
//
//   npm run build && npm run screens [-- start-of-a-name]

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { violations } from './axe.mjs'
import { launch } from './browser.mjs'
import { startMock } from './mock-server.mjs'

const folder = fileURLToPath(new URL('./screenshots/', import.meta.url))
mkdirSync(folder, { recursive: true })
const only = process.argv[2] ?? ''
const widths = /** @type {const} */ ([
  [390, 844],
  [1024, 768],
  [1440, 900],
])
const first = '0192f000-0000-7000-8000-000000000000'
const flaw = '0192f000-0000-7000-8000-000000000001'
const hindi = '0192f000-0000-7000-8000-000000000004'
const long = '0192f000-0000-7000-8000-000000000006'

/** @typedef {{ name: string, path: string, world?: Parameters<typeof startMock>[0], act?: (page: import('playwright-core').Page, mock: Awaited<ReturnType<typeof startMock>>) => Promise<unknown>, quiet?: boolean }} Shot */
/** @type {Shot[]} */
const shots = [
  { name: 'list', path: '/incidents' },
  { name: 'list-empty', path: '/incidents', world: { count: 0, sources: false } },
  { name: 'list-one', path: '/incidents', world: { count: 1 } },
  { name: 'list-none-match', path: '/incidents?q=zzzz&severity=high' },
  {
    name: 'list-error',
    path: '/incidents',
    world: { fail: true },
    quiet: true,
    act: (page) => page.getByRole('alert').waitFor({ timeout: 15_000 }),
  },
  {
    name: 'list-new',
    path: '/incidents',
    act: async (page, mock) => {
      await fetch(`${mock.url}/mock/news`, { method: 'POST' })
      await fetch(`${mock.url}/mock/news`, { method: 'POST' })
      await page.getByRole('button', { name: /2 new/ }).waitFor()
    },
  },
  {
    name: 'list-lost',
    path: '/incidents',
    quiet: true,
    act: async (page, mock) => {
      mock.stop()
      await page.getByText(/Reconnecting since/).waitFor()
    },
  },
  {
    name: 'list-filters',
    path: '/incidents?severity=high&type=ransomware,data_breach&country=IN',
    act: async (page) => {
      const toggle = page.getByRole('button', { name: /^Filters/ })
      if (await toggle.isVisible()) await toggle.click()
      await page.getByRole('button', { name: /^Type/ }).click()
    },
  },
  {
    name: 'search-offers',
    path: '/incidents',
    act: async (page) => {
      await page.keyboard.press('/')
      await page.keyboard.type('hospital s')
      await page.getByRole('option', { name: /^severity:/ }).waitFor()
      await page.keyboard.press('ArrowDown')
    },
  },
  {
    name: 'search-mistake',
    path: '/incidents',
    act: async (page) => {
      await page.keyboard.press('/')
      await page.keyboard.type('hospital severty:high')
      await page.getByRole('button', { name: 'severity', exact: true }).waitFor()
    },
    // The browser logs the 400 itself.
    quiet: true,
  },
  {
    name: 'search-saved',
    path: '/incidents?q=hospital&severity=high',
    act: async (page) => {
      await page.getByRole('button', { name: 'Saved searches' }).click()
      await page.getByRole('button', { name: /^Forget/ }).waitFor()
    },
  },
  {
    name: 'sources',
    path: '/incidents',
    act: (page) => page.getByRole('button', { name: /^Sources/ }).click(),
  },
  { name: 'manage', path: '/sources' },
  {
    name: 'manage-found',
    path: '/sources',
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Add a source' }).fill('the-new-wire.example')
      await page.keyboard.press('Enter')
      await page.getByRole('button', { name: 'Add', exact: true }).waitFor()
    },
  },
  {
    name: 'manage-refused',
    path: '/sources',
    quiet: true,
    act: async (page) => {
      await page.getByRole('textbox', { name: 'Add a source' }).fill('nothing.example')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'manage-open',
    path: '/sources',
    act: async (page) => {
      const row = page.getByRole('group', { name: 'The Security Wire' })
      await row.getByRole('button', { name: 'Preview' }).click()
      await page.getByRole('list', { name: 'What it would give' }).waitFor()
      await row.getByRole('switch').click()
      await page.getByRole('button', { name: 'Undo' }).waitFor()
    },
  },
  { name: 'models', path: '/models' },
  { name: 'models-fresh', path: '/models', world: { models: false } },
  {
    name: 'models-open',
    path: '/models',
    act: async (page) => {
      await page.getByText('3 models to choose from').click()
      for (const tried of await page.getByText('How it was tried').all()) await tried.click()
    },
  },
  {
    name: 'models-refused',
    path: '/models',
    quiet: true,
    act: async (page) => {
      await page.getByRole('button', { name: 'Train now' }).first().click()
      await page.getByText(/is not trained/).waitFor()
    },
  },
  {
    name: 'models-error',
    path: '/models',
    world: { fail: true },
    quiet: true,
    act: (page) => page.getByRole('alert').first().waitFor({ timeout: 15_000 }),
  },
  {
    name: 'list-dismissed',
    path: `/incidents/${first}`,
    world: { count: 1 },
    act: async (page) => {
      await page.getByRole('button', { name: 'Dismiss' }).click()
      await page.keyboard.press('Escape')
      await page.getByRole('heading', { name: 'No incident is open' }).waitFor()
    },
  },
  { name: 'help', path: '/incidents', act: (page) => page.keyboard.press('?') },
  { name: 'incident', path: `/incidents/${first}` },
  { name: 'incident-flaw', path: `/incidents/${flaw}` },
  { name: 'incident-hindi', path: `/incidents/${hindi}` },
  { name: 'incident-long', path: `/incidents/${long}` },
  {
    name: 'incident-handled',
    path: `/incidents/${first}`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Handled' }).click()
      await page.getByRole('button', { name: 'Undo' }).waitFor()
    },
  },
  {
    name: 'incident-not-same',
    path: `/incidents/${first}`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Not the same…' }).click()
      await page.getByRole('radio').first().click()
    },
  },
  {
    name: 'incident-wrong',
    path: `/incidents/${first}`,
    act: async (page) => {
      await page.getByRole('button', { name: 'Wrong…' }).click()
      await page.getByRole('button', { name: 'Take back' }).waitFor()
    },
  },
  {
    name: 'incident-lit',
    path: `/incidents/${first}`,
    act: async (page) => {
      await page
        .getByRole('button', { name: /Kochi is in Kerala/ })
        .first()
        .focus()
      await page.mouse.wheel(0, 400)
    },
  },
]

const browser = await launch()
const faults = []
for (const shot of shots.filter(({ name }) => name.startsWith(only))) {
  for (const [width, height] of widths) {
    for (const theme of /** @type {const} */ (['light', 'dark'])) {
      const mock = await startMock(shot.world)
      const context = await browser.newContext({
        viewport: { width, height },
        colorScheme: theme,
        hasTouch: width < 700,
        isMobile: width < 700,
      })
      const page = await context.newPage()
      const where = `${shot.name}-${width}-${theme}`
      page.on('console', (message) => {
        if (
          message.type() === 'error' &&
          !(shot.quiet && /Failed to load resource|ERR_/.test(message.text()))
        )
          faults.push(`${where}: ${message.text()}`)
      })
      page.on('pageerror', (error) => faults.push(`${where}: ${error}`))
      await page.goto(mock.url + shot.path)
      await page.getByRole('heading').first().waitFor()
      await page.waitForFunction(
        () => document.querySelector('[role=status][aria-label^=Loading]') === null,
        undefined,
        { timeout: 15_000 },
      )
      await page.evaluate(() => document.fonts.ready)
      await shot.act?.(page, mock)
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - window.innerWidth,
      )
      if (wide > 0) faults.push(`${where}: scrolls sideways by ${wide} px`)
      const long = await page.evaluate(
        () => document.documentElement.scrollHeight - window.innerHeight,
      )
      if (long > 0) faults.push(`${where}: the frame can be scrolled away by ${long} px`)
      for (const fault of await violations(page)) faults.push(`${where}: ${fault}`)
      await page.screenshot({ path: `${folder}${where}.png` })
      await context.close()
      mock.stop()
    }
  }
}
await browser.close()
if (faults.length > 0) {
  console.error(faults.join('\n'))
  process.exit(1)
}
console.log(`pictures are in ${folder}`)
