// Before every test file: matchers, clean-up, and the few browser parts that
// jsdom lacks.

import '@testing-library/jest-dom/vitest'
import { cleanup, configure } from '@testing-library/react'
import { afterEach, beforeEach, vi } from 'vitest'
import { FakeEventSource } from './fake-event-source'

// Two busy cores render slowly; a wait ends as soon as what it waits for is there.
configure({ asyncUtilTimeout: 8_000 })

/** Twenty rows. */
const LIST_HEIGHT = 720

beforeEach(() => {
  FakeEventSource.all = []
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => {},
    removeEventListener: () => {},
  }))
  vi.stubGlobal(
    'IntersectionObserver',
    class {
      observe() {}
      disconnect() {}
    },
  )
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  )
  // A list in sight is as high as a laptop's; jsdom lays nothing out.
  vi.spyOn(Element.prototype, 'clientHeight', 'get').mockImplementation(function (this: Element) {
    return this.classList.contains('list-scroll') ? LIST_HEIGHT : 0
  })
  vi.stubGlobal('scrollTo', () => {})
  Element.prototype.scrollTo = () => {}
  // No focus trap here: that is the browser's own, seen by the journey in e2e.
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute('open', '')
  }
  HTMLDialogElement.prototype.close ??= function (this: HTMLDialogElement) {
    this.removeAttribute('open')
    this.dispatchEvent(new Event('close'))
  }
  localStorage.clear()
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})
