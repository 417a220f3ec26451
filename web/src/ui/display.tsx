// How this reader wants to see things: theme and time zone, kept in the browser
// only. Also the shared clock that lets "42 min ago" stay true.
//
// There is no inline script (the policy forbids it), so the theme is set when
// the bundle runs; until then CSS follows the system, which is also the default.

import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'
import { DEFAULT_ZONE } from './format'

export type Theme = 'system' | 'light' | 'dark'

export interface Display {
  theme: Theme
  zone: string
  now: number
  setTheme: (theme: Theme) => void
  setZone: (zone: string) => void
}

const DisplayContext = createContext<Display>({
  theme: 'system',
  zone: DEFAULT_ZONE,
  now: 0,
  setTheme: () => {},
  setZone: () => {},
})

export const useDisplay = () => use(DisplayContext)

/** A minute is the finest unit on screen. */
const TICK_MS = 30_000

/** `now` fixes the clock, for tests. */
export function DisplayProvider({ children, now }: { children: ReactNode; now?: number }) {
  const [theme, setTheme] = useKept<Theme>('prahari.theme', 'system', isTheme)
  const [zone, setZone] = useKept<string>('prahari.zone', DEFAULT_ZONE, isZone)
  const [ticked, setTicked] = useState(() => Date.now())
  useEffect(() => {
    const tick = setInterval(() => setTicked(Date.now()), TICK_MS)
    return () => clearInterval(tick)
  }, [])
  useEffect(() => {
    const dark = window.matchMedia('(prefers-color-scheme: dark)')
    const apply = () => {
      const shown = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme
      document.documentElement.dataset.bsTheme = shown
    }
    apply()
    dark.addEventListener('change', apply)
    return () => dark.removeEventListener('change', apply)
  }, [theme])
  const value = useMemo(
    () => ({ theme, zone, now: now ?? ticked, setTheme, setZone }),
    [theme, zone, now, ticked, setTheme, setZone],
  )
  return <DisplayContext value={value}>{children}</DisplayContext>
}

/** Zones offered: India's, the browser's own, UTC. */
export function zones(): string[] {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone
  return [...new Set([DEFAULT_ZONE, own === 'Asia/Calcutta' ? DEFAULT_ZONE : own, 'UTC'])]
}

function isTheme(value: string): value is Theme {
  return value === 'system' || value === 'light' || value === 'dark'
}

function isZone(value: string): value is string {
  try {
    Intl.DateTimeFormat('en', { timeZone: value })
    return true
  } catch {
    return false
  }
}

function useKept<T extends string>(
  key: string,
  fallback: T,
  valid: (value: string) => value is T,
): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => {
    const kept = read(key)
    return kept !== null && valid(kept) ? kept : fallback
  })
  const set = useMemo(
    () => (value: T) => {
      setValue(value)
      try {
        localStorage.setItem(key, value)
      } catch {
        // A browser that keeps nothing still shows it until it is closed.
      }
    },
    [key],
  )
  return [value, set]
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch {
    return null
  }
}
