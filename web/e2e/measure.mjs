// How fast a long list answers, in Chromium: rows are read by scrolling, as a person
// does, then incidents are opened from all over the list. Prints the time
// from the click to the next painted frame that shows the incident, what of it the page
// itself computed (the rest is other work of a busy machine), the slowest frame of a
// long scroll, and the size of the page.
//
//   npm run build && npm run measure [-- rows ...]        2,000 and 100,000 by default
//
// More than 5,000 rows come at once: what is measured is the page, not the server.

import { launch } from './browser.mjs'
import { startMock } from './mock-server.mjs'

/** The most rows that come by scrolling; 50 a page takes its time. */
const BY_SCROLLING = 5_000
/** Opened, so that the median means something. */
const OPENED = 11

const sizes = process.argv.slice(2).map(Number)
const browser = await launch()
for (const rows of sizes.length > 0 ? sizes : [2_000, 100_000]) await measure(rows)
await browser.close()

/** @param {number} rows */
async function measure(rows) {
  const mock = await startMock({ count: Math.min(rows, BY_SCROLLING) })
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
  if (rows > BY_SCROLLING) {
    // No server would send so many at once: they are made in the page.
    await page.addInitScript((rows) => {
      const real = window.fetch
      window.fetch = async (input, init) => {
        const url = String(input)
        if (/\/api\/incidents\/[^/?]+$/.test(url)) {
          const id = url.split('/').at(-1) ?? ''
          const answer = await real(url.replace(id, id.slice(0, 36)), init)
          const incident = { ...(await answer.json()), id }
          const title = document.querySelector(`[data-row="${id}"]`)?.textContent
          return Response.json({ ...incident, title: title ?? incident.title })
        }
        if (!url.includes('/api/incidents?')) return real(input, init)
        const few = await (await real('/api/incidents?limit=1000', init)).json()
        const incidents = Array.from({ length: rows }, (_, index) => {
          const like = few.incidents[index % few.incidents.length]
          return { ...like, id: `${like.id}-${index}`, title: `${index} ${like.title}` }
        })
        const all = { incidents, next: null, total: rows, total_exact: true }
        const answer = new Response('{}', { headers: { 'content-type': 'application/json' } })
        answer.json = async () => all
        return answer
      }
    }, rows)
  }
  await page.goto(`${mock.url}/incidents`)
  await page.getByRole('table', { name: 'Incidents' }).waitFor({ timeout: 120_000 })
  await page.waitForFunction(
    () => {
      const scroller = document.querySelector('.list-scroll')
      scroller?.scrollTo({ top: scroller.scrollHeight })
      return document.querySelector('.list-foot')?.textContent?.startsWith('That is all') ?? false
    },
    undefined,
    { timeout: 300_000, polling: 30 },
  )
  const slowest = await page.evaluate(async () => {
    const scroller = document.querySelector('.list-scroll')
    if (scroller === null) throw new Error('there is no list')
    const frame = () => new Promise((next) => requestAnimationFrame(next))
    let slowest = 0
    const most = scroller.scrollHeight
    for (let step = 60; step >= 0; step -= 1) {
      const before = performance.now()
      scroller.scrollTo({ top: (most * step) / 60 })
      await frame()
      await frame()
      slowest = Math.max(slowest, performance.now() - before)
    }
    return slowest
  })
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const computed = async () => {
    const { metrics } = await session.send('Performance.getMetrics')
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0)
  }
  const times = []
  const own = []
  for (let opened = 0; opened < OPENED; opened += 1) {
    const at = opened / OPENED
    await page.evaluate((at) => {
      const scroller = document.querySelector('.list-scroll')
      scroller?.scrollTo({ top: scroller.scrollHeight * at })
    }, at)
    await page.waitForTimeout(200)
    // Where the reader looks: the first row that is wholly below the column names.
    const id = await page.evaluate(() => {
      const top = document.querySelector('.list-scroll')?.getBoundingClientRect().top ?? 0
      const row = [
        .../** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-row]')),
      ].find((link) => link.getBoundingClientRect().top > top + 60)
      row?.focus({ preventScroll: true })
      return row?.dataset.row ?? ''
    })
    // Focus fetched it, as a hover does; what is measured is the screen.
    await page.waitForTimeout(300)
    const before = await computed()
    times.push(
      await page.evaluate(async (id) => {
        const row = document.querySelector(`[data-row="${CSS.escape(id)}"]`)
        if (!(row instanceof HTMLElement)) throw new Error('the row is gone')
        const wanted = row.textContent ?? ''
        const before = performance.now()
        row.click()
        while (document.querySelector('h1')?.textContent !== wanted)
          await new Promise((next) => requestAnimationFrame(next))
        await new Promise((next) => requestAnimationFrame(() => setTimeout(next)))
        return performance.now() - before
      }, id),
    )
    own.push((await computed()) - before)
  }
  for (const list of [times, own]) list.sort((a, b) => a - b)
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length)
  const ms = (/** @type {number | undefined} */ time) => `${Math.round(time ?? 0)} ms`
  console.log(
    `${rows.toLocaleString('en-IN')} rows: open ${ms(times[OPENED >> 1])} (median), ${ms(times.at(-1))} (slowest of ${OPENED}), own work ${ms(own[OPENED >> 1])} and ${ms(own.at(-1))}; slowest frame of a scroll ${ms(slowest)}; ${nodes.toLocaleString('en-IN')} elements`,
  )
  await page.close()
  mock.stop()
}
