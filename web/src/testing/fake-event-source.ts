// The server's event stream, spoken by a test.

type Listener = (event: { data: string }) => void

export class FakeEventSource {
  static readonly CONNECTING = 0
  static readonly OPEN = 1
  static readonly CLOSED = 2
  static all: FakeEventSource[] = []

  readyState = FakeEventSource.CONNECTING
  onopen: (() => void) | null = null
  onerror: (() => void) | null = null
  readonly url: string
  #listeners = new Map<string, Listener[]>()
  #seq = 0

  constructor(url: string) {
    this.url = url
    FakeEventSource.all.push(this)
  }

  addEventListener(event: string, listener: Listener) {
    this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener])
  }

  close() {
    this.readyState = FakeEventSource.CLOSED
  }

  connect() {
    this.readyState = FakeEventSource.OPEN
    this.onopen?.()
  }

  /** The connection drops; `forGood` as after an HTTP error, when browsers give up. */
  fail(forGood = false) {
    this.readyState = forGood ? FakeEventSource.CLOSED : FakeEventSource.CONNECTING
    this.onerror?.()
  }

  say(kind: string, subject = '') {
    this.#seq += 1
    this.raw(kind, JSON.stringify({ seq: this.#seq, at: '2026-11-21T09:00:00Z', kind, subject }))
  }

  raw(kind: string, data: string) {
    for (const listener of this.#listeners.get(kind) ?? []) listener({ data })
  }

  /** The stream that is in use now. */
  static current(): FakeEventSource {
    const source = FakeEventSource.all.at(-1)
    if (source === undefined) throw new Error('nothing has connected to the event stream')
    return source
  }
}
