// Numbers and times as a reader in India expects them: 1,20,000; 14:32 IST.
// Pure functions; what "now" is and which zone is the reader's are arguments.

const NUMBER = new Intl.NumberFormat('en-IN')
const SCORE = new Intl.NumberFormat('en-IN', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

export const DEFAULT_ZONE = 'Asia/Kolkata'

export const number = (value: number) => NUMBER.format(value)

export const score = (value: number) => SCORE.format(value)

/** Never "100 %" of what is merely likely, nor "0 %" of what is merely unlikely. */
export function percent(share: number): string {
  if (share < 1 && share > 0.99) return 'over 99 %'
  if (share > 0 && share < 0.01) return 'under 1 %'
  return `${Math.round(share * 100)} %`
}

/** A clause of the server's as the beginning of a sentence. */
export const sentence = (text: string) => text.charAt(0).toLocaleUpperCase('en') + text.slice(1)

export const count = (value: number, one: string, many = `${one}s`) =>
  `${number(value)} ${value === 1 ? one : many}`

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** How long ago, in one unit: "42 min", "9 h", "3 d". */
export function span(ms: number): string {
  if (ms < MINUTE) return 'less than a minute'
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`
  return `${number(Math.floor(ms / DAY))} d`
}

/** Sources give many days without a time, which is kept as midnight in UTC or in India:
 * no minute of those is true. In India both fall on the day that was meant. */
const isWholeDay = (time: number) => time % DAY === 0 || (time + 5.5 * HOUR) % DAY === 0

/** "42 min ago", and the date beyond a week. A time ahead of now is said to be so. */
export function ago(at: string, now: number, zone: string): string {
  const time = Date.parse(at)
  if (Number.isNaN(time)) return 'at an unknown time'
  const passed = now - time
  // Two clocks never agree to the second.
  if (passed < -(isWholeDay(time) ? DAY : MINUTE)) return `${day(time, now, zone)}, ahead of now`
  if (isWholeDay(time)) return day(time, now, DEFAULT_ZONE)
  if (passed < MINUTE) return 'just now'
  if (passed < 7 * DAY) return `${span(passed)} ago`
  return day(time, now, zone)
}

/** The same, short enough for a column: "42 min", "9 h", "14 Nov". */
export function agoShort(at: string, now: number, zone: string): string {
  const time = Date.parse(at)
  if (Number.isNaN(time)) return '?'
  if (isWholeDay(time)) return day(time, now, DEFAULT_ZONE)
  const passed = now - time
  if (passed < -MINUTE) return day(time, now, zone)
  if (passed < MINUTE) return 'now'
  if (passed < 7 * DAY) return span(passed)
  return day(time, now, zone)
}

/** "Sat 21 Nov 2026, 14:32:05 IST". */
export function exact(at: string, zone: string): string {
  const time = Date.parse(at)
  if (Number.isNaN(time)) return at
  const dated = (where: string) =>
    `${formatted('weekday', time, where)} ${formatted('date', time, where)}`
  if (isWholeDay(time)) return dated(DEFAULT_ZONE)
  return `${dated(zone)}, ${formatted('exact', time, zone)}`
}

/** "14:32". */
export const clock = (time: number, zone: string) => formatted('clock', time, zone)

/** "21 Nov 2026", for dates without a time of day. */
export function date(at: string, zone: string): string {
  const time = Date.parse(at)
  return Number.isNaN(time) ? at : formatted('date', time, zone)
}

function day(time: number, now: number, zone: string): string {
  const sameYear = formatted('year', time, zone) === formatted('year', now, zone)
  return formatted(sameYear ? 'day' : 'date', time, zone)
}

const shapes = {
  weekday: { weekday: 'short' },
  year: { year: 'numeric' },
  day: { day: 'numeric', month: 'short' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  clock: { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  exact: {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>

/** Making one takes a millisecond or more, and a list needs some for every row. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatted(shape: keyof typeof shapes, time: number, zone: string): string {
  const key = `${shape} ${zone}`
  const format =
    formats.get(key) ?? new Intl.DateTimeFormat('en-IN', { ...shapes[shape], timeZone: zone })
  formats.set(key, format)
  return format.format(time)
}
