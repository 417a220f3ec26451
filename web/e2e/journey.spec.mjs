// One journey through the real thing: the fake world publishes, the binary reads,
// a person in Chromium finds the incident, watches it, and is told of the next.
//
//   npm run e2e      wants target/debug/prahari and target/debug/fake-world
//   (PRAHARI_BIN and FAKE_WORLD_BIN name others), and a built dist/ inside.
//
// Pictures go to e2e/screenshots. What the page may not do fails the journey too:
// an error in the console, a breach of the Content-Security-Policy, an
// accessibility violation that axe finds.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { violations } from './axe.mjs'
import { launch } from './browser.mjs'

const here = (/** @type {string} */ path) => fileURLToPath(new URL(path, import.meta.url))
const binary = process.env.PRAHARI_BIN ?? here('../../target/debug/prahari')
const fakeWorld = process.env.FAKE_WORLD_BIN ?? here('../../target/debug/fake-world')
const pictures = here('./screenshots/')

/** Debug builds on two busy cores. */
const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 60_000)

/** @typedef {{ control: string, feeds: { name: string, url: string }[], slack: { api_url: string, webhook_url: string } }} World */

/** @type {(() => unknown)[]} */
const endings = []
/** @type {World} */
let world
let address = ''
/** @type {import('playwright-core').Browser} */
let browser
/** What the page complained about. @type {string[]} */
const complaints = []
/** What the binary printed. @type {string[]} */
const said = []

before(async () => {
  for (const file of [binary, fakeWorld])
    assert.ok(existsSync(file), `${file} is missing: cargo build --workspace --bins`)
  mkdirSync(pictures, { recursive: true })
  world = await startWorld()
  address = await startPrahari()
  browser = await launch()
  endings.push(() => browser.close())
})

after(async () => {
  // A failure leaves pages open: their pictures and the log tell what was there.
  for (const [index, page] of (browser?.contexts() ?? []).flatMap((c) => c.pages()).entries()) {
    await page.screenshot({ path: join(pictures, `journey-failed-${index}.png`) })
    console.error(`${page.url()}\n${complaints.join('\n')}\n${said.join('\n')}`)
  }
  for (const end of endings.reverse()) await end()
})

test('an analyst finds an incident, watches it, and hears of the next', async () => {
  const page = await open({ width: 1440, height: 900 })

  await page.goto(`${address}/`)
  const table = page.getByRole('table', { name: 'Incidents' })
  await table.waitFor({ timeout: PATIENCE_MS })
  await page.getByText('Live', { exact: true }).waitFor()
  await settled(page)
  await page.screenshot({ path: join(pictures, 'journey-list-1440.png') })
  await accessible(page, 'the list')

  // By severity: what is left is High or Critical, and the address says so.
  await page.getByRole('combobox', { name: 'Severity' }).selectOption('high')
  await page.waitForURL(/severity=high/)
  await page.waitForFunction(() => {
    const rows = [...document.querySelectorAll('[role=row] .severity-word')]
    return rows.length > 0 && rows.every((word) => /High|Critical/.test(word.textContent ?? ''))
  })

  // By keyboard: the first row, then its page.
  await page.keyboard.press('Escape')
  await page.evaluate(
    () => document.activeElement instanceof HTMLElement && document.activeElement.blur(),
  )
  await page.keyboard.press('j')
  const title = await page.evaluate(() => document.activeElement?.textContent ?? '')
  assert.notEqual(title, '')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: title, level: 1 }).waitFor()
  await page.getByRole('region', { name: 'Timeline' }).waitFor()
  await page.getByRole('region', { name: 'Why' }).waitFor()
  await page.screenshot({ path: join(pictures, 'journey-incident-1440.png') })
  await accessible(page, 'the incident')

  // Watched, and still so after the page is loaded anew.
  const watching = page.getByRole('button', { name: 'Watching', exact: true })
  const saved = page.waitForResponse((answer) => answer.request().method() === 'PATCH')
  await watching.click()
  assert.equal(await watching.getAttribute('aria-pressed'), 'true')
  assert.equal((await saved).status(), 200)
  await page.reload()
  await page.locator('button[aria-pressed=true]', { hasText: 'Watching' }).waitFor()

  // A new story: it waits behind the bar, and no row moves.
  await page.goto(`${address}/incidents`)
  await table.waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await quiet(page)
  const before = await titles(page)
  const headline =
    'Quickbasket confirms data breach: records of 90,000 grocery customers in Jaipur leaked'
  await publish(headline)
  const bar = page.getByRole('button', { name: /^1 new/ })
  await bar.waitFor({ timeout: PATIENCE_MS })
  assert.deepEqual(await titles(page), before)
  await page.screenshot({ path: join(pictures, 'journey-new-1440.png') })
  await bar.click()
  await page.getByRole('link', { name: headline }).waitFor()
  assert.equal((await titles(page))[0], headline)

  // Words find it.
  await page.keyboard.press('/')
  await page.keyboard.type('grocery Jaipur')
  await page.waitForURL(/q=grocery/)
  await page.getByRole('link', { name: headline }).waitFor()
  await page.context().close()
})

test('it fits a phone, and the dark', async () => {
  const page = await open({ width: 390, height: 844 }, 'dark')
  await page.goto(`${address}/incidents`)
  const first = page.getByRole('table', { name: 'Incidents' }).getByRole('link').first()
  await first.waitFor({ timeout: PATIENCE_MS })
  await settled(page)
  await page.screenshot({ path: join(pictures, 'journey-list-390.png') })
  await fits(page)
  await accessible(page, 'the list on a phone')
  const title = (await first.textContent()) ?? ''
  await first.click()
  await page.getByRole('heading', { name: title, level: 1 }).waitFor()
  await page.screenshot({ path: join(pictures, 'journey-incident-390.png') })
  await fits(page)
  await accessible(page, 'the incident on a phone')
  await page
    .getByRole('link', { name: /Incidents$/ })
    .first()
    .click()
  await first.waitFor()
  await page.context().close()
})

test('the sources say how they are', async () => {
  const page = await open({ width: 1024, height: 768 })
  await page.goto(`${address}/incidents`)
  await page.getByRole('button', { name: /^Sources:/ }).click({ timeout: PATIENCE_MS })
  const panel = page.getByRole('dialog', { name: 'Sources' })
  await panel.getByRole('listitem').filter({ hasText: 'Fresh' }).first().waitFor()
  await accessible(page, 'the sources')
  await page.keyboard.press('Escape')
  await panel.waitFor({ state: 'hidden' })
  await page.context().close()
})

test('what a person says reaches the models, and can be taken back', async () => {
  const page = await open({ width: 1024, height: 768 })
  const list = await (await fetch(`${address}/api/incidents?limit=1`)).json()
  const [incident] = list.incidents
  await page.goto(`${address}/models`)
  await page.getByRole('listitem', { name: 'Relevance' }).waitFor({ timeout: PATIENCE_MS })
  await page.getByText('Live', { exact: true }).waitFor()
  await page.getByText('Nobody has said anything yet.').waitFor()
  await accessible(page, 'the models')

  // Said elsewhere, it appears by itself.
  const said = await fetch(`${address}/api/feedback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ incident: incident.id, relevant: true, note: 'It is near us.' }),
  })
  assert.equal(said.status, 201, await said.text())
  const given = page.getByRole('list', { name: 'Feedback' }).getByRole('listitem')
  await given.getByText('“It is near us.”').waitFor()
  const relevance = page.getByRole('listitem', { name: 'Relevance' })
  await relevance.getByText(/^Feedback gives [1-9]/).waitFor()
  await page.screenshot({ path: join(pictures, 'journey-models-1024.png') })
  await accessible(page, 'the models with feedback')

  await given.getByRole('button', { name: /^Take back/ }).click()
  await page.getByText('Nobody has said anything yet.').waitFor()
  await page.context().close()
})

test('an incident merged elsewhere leaves the list by itself', async () => {
  const page = await open({ width: 1440, height: 900 })
  await page.goto(`${address}/incidents`)
  await page.getByRole('table', { name: 'Incidents' }).waitFor({ timeout: PATIENCE_MS })
  await page.getByText('Live', { exact: true }).waitFor()
  await quiet(page)
  const { incidents, total } = await (await fetch(`${address}/api/incidents?limit=2`)).json()
  const [into, gone] = incidents
  const row = page.locator(`[data-row="${gone.id}"]`)
  await row.waitFor()
  const merged = await fetch(`${address}/api/incidents/${gone.id}/merge`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'if-match': `"${gone.revision}"` },
    body: JSON.stringify({ into: into.id, by: 'Asha Rao' }),
  })
  assert.equal(merged.status, 200, await merged.text())
  await row.waitFor({ state: 'detached' })
  await page.getByRole('heading', { name: `Incidents ${total - 1}`, level: 1 }).waitFor()
  await page.context().close()
})

test('nothing broke the policy or logged an error on the way', () => {
  assert.deepEqual(complaints, [])
})

/** @param {{ width: number, height: number }} viewport @param {'light' | 'dark'} colorScheme */
async function open(viewport, colorScheme = 'light') {
  const phone = viewport.width < 700
  const context = await browser.newContext({
    viewport,
    colorScheme,
    hasTouch: phone,
    isMobile: phone,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return page
}

/** Fonts are there and nothing is loading. @param {import('playwright-core').Page} page */
async function settled(page) {
  await page.evaluate(() => document.fonts.ready)
  await page.getByRole('status', { name: /^Loading/ }).waitFor({ state: 'hidden' })
}

/** Waits until what the world had told is taken in: two looks give the same total. @param {import('playwright-core').Page} page */
async function quiet(page) {
  const total = async () => (await (await fetch(`${address}/api/incidents?limit=1`)).json()).total
  for (let last = -1, same = 0; same < 4; ) {
    const now = await total()
    same = now === last ? same + 1 : 0
    last = now
    await page.waitForTimeout(500)
  }
  await page.reload()
  await page.getByRole('table', { name: 'Incidents' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
}

/** @param {import('playwright-core').Page} page */
const titles = (page) => page.locator('[data-row]').allTextContents()

/** @param {import('playwright-core').Page} page */
async function fits(page) {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.equal(over, 0, `the page is ${over} px too wide`)
}

/** @param {import('playwright-core').Page} page @param {string} what */
async function accessible(page, what) {
  assert.deepEqual(await violations(page), [], `axe on ${what}`)
  const long = await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight)
  assert.ok(long <= 0, `${what}: the frame can be scrolled away by ${long} px`)
}

/** @param {string} title */
async function publish(title) {
  const answer = await fetch(`${world.control}/publish`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      feed: 'india-news',
      title,
      text: '<p>Quickbasket, a grocery delivery firm of Jaipur, said hackers leaked names and phone numbers of 90,000 customers.</p>',
      url: 'https://india-news.example/quickbasket-breach',
    }),
  })
  assert.equal(answer.status, 200, await answer.text())
}

/** @returns {Promise<World>} */
async function startWorld() {
  const child = spawn(fakeWorld, [], { stdio: ['pipe', 'pipe', 'inherit'] })
  endings.push(() => stop(child))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`fake-world ended with ${code}`)))
    createInterface(child.stdout).once('line', (line) => resolve(JSON.parse(line)))
  })
}

async function startPrahari() {
  const folder = mkdtempSync(join(tmpdir(), 'prahari-journey-'))
  endings.push(() => rmSync(folder, { recursive: true, force: true }))
  const port = await freePort()
  const sources = world.feeds.map(
    ({ name, url }) =>
      `[[sources]]\nid = "${name}"\nkind = "feed"\nurl = "${url}"\ninterval = "2s"\n`,
  )
  writeFileSync(
    join(folder, 'prahari.toml'),
    [
      `data_dir = ${JSON.stringify(join(folder, 'data'))}`,
      'catalogue = false',
      `[server]\nlisten = "127.0.0.1:${port}"`,
      '[net]\nallow = ["127.0.0.1"]\nhost_interval_seconds = 0',
      '[watch]\nkeywords = ["hospital"]',
      '[alerting]\ngroup_wait_seconds = 1',
      ...sources,
      `[[channels]]\nid = "soc-slack"\nkind = "slack"\nwebhook_url = "${world.slack.webhook_url}"`,
    ].join('\n\n'),
  )
  // Settings of whoever runs this must not reach in; PRAHARI_BIN would be one.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) =>
        !/^(PRAHARI_|EMAIL_|SLACK_|TELEGRAM_|SMTP_|KEYWORDS$|DATABASE_URL$|NVD_API_KEY$)/.test(
          name,
        ),
    ),
  )
  const child = spawn(binary, ['run', '--config', join(folder, 'prahari.toml')], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => said.push(line))
  endings.push(() => stop(child))
  const url = `http://127.0.0.1:${port}`
  for (const until = Date.now() + PATIENCE_MS; ; ) {
    assert.equal(child.exitCode, null, `prahari ended:\n${said.join('\n')}`)
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok) return url
    assert.ok(Date.now() < until, `prahari is not ready:\n${said.join('\n')}`)
    await new Promise((again) => setTimeout(again, 100))
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.removeAllListeners('exit')
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const hard = setTimeout(() => child.kill('SIGKILL'), 10_000)
  await gone
  clearTimeout(hard)
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
      server.close(() => resolve(port))
    })
  })
}
