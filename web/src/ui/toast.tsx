// One line at the bottom that says what was done and offers to undo it. Only the
// latest is shown: the one before it stays done.

import {
  createContext,
  type ReactNode,
  use,
  useCallback,
  useEffect,
  useMemo,
  useState,
} from 'react'

export interface Toast {
  text: string
  undo?: () => void
  /** A failure stays until it is dismissed. */
  failed?: boolean
}

const ToastContext = createContext<(toast: Toast) => void>(() => {})

/** Says something at the bottom of the screen. */
export const useToast = () => use(ToastContext)

/** Long enough to read a line, notice the mistake and reach the button. */
const SHOWN_MS = 8_000

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toast, setToast] = useState<Toast>()
  const [held, setHeld] = useState(false)
  const close = useCallback(() => setToast(undefined), [])
  useEffect(() => {
    if (toast === undefined || toast.failed || held) return
    const timer = setTimeout(close, SHOWN_MS)
    return () => clearTimeout(timer)
  }, [toast, held, close])
  const say = useMemo(() => (toast: Toast) => setToast({ ...toast }), [])
  return (
    <ToastContext value={say}>
      {children}
      {/* The region is always there, so that a screen reader hears what enters it. */}
      <section className="toast-place" aria-label="Messages" aria-live="polite">
        {toast !== undefined && (
          // biome-ignore lint/a11y/noStaticElementInteractions: hovering only holds it open
          <div
            className="toast-line"
            onMouseEnter={() => setHeld(true)}
            onMouseLeave={() => setHeld(false)}
            onFocus={() => setHeld(true)}
            onBlur={() => setHeld(false)}
          >
            <span>{toast.text}</span>
            {toast.undo !== undefined && (
              <button
                type="button"
                className="btn btn-sm btn-link"
                onClick={() => {
                  toast.undo?.()
                  close()
                  setHeld(false)
                }}
              >
                Undo
              </button>
            )}
            <button type="button" className="btn btn-sm btn-quiet" onClick={close}>
              Close
            </button>
          </div>
        )}
      </section>
    </ToastContext>
  )
}
