// A button that opens a small floating panel of controls. Not an ARIA menu: the
// panel holds ordinary checkboxes, radios and buttons, reached by Tab.

import { type ReactNode, useEffect, useId, useRef, useState } from 'react'

export function Menu({
  label,
  children,
  active = false,
  end = false,
  name,
}: {
  label: ReactNode
  /** What the panel holds; as a function it is given what closes the panel. */
  children: ReactNode | ((close: () => void) => ReactNode)
  /** Shown as set, as a filter that narrows the list. */
  active?: boolean
  /** Hangs from the button's right edge. */
  end?: boolean
  /** What it is called aloud, where the label alone does not say it. */
  name?: string
}) {
  const [open, setOpen] = useState(false)
  const root = useRef<HTMLDivElement>(null)
  const button = useRef<HTMLButtonElement>(null)
  const panel = useId()
  const close = () => {
    setOpen(false)
    button.current?.focus()
  }
  useEffect(() => {
    if (!open) return
    const outside = (event: Event) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false)
    }
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      button.current?.focus()
      event.stopPropagation()
    }
    const element = root.current
    document.addEventListener('pointerdown', outside)
    document.addEventListener('focusin', outside)
    element?.addEventListener('keydown', onKey)
    return () => {
      document.removeEventListener('pointerdown', outside)
      document.removeEventListener('focusin', outside)
      element?.removeEventListener('keydown', onKey)
    }
  }, [open])
  return (
    <div className="menu" ref={root}>
      <button
        ref={button}
        type="button"
        className={active ? 'btn btn-sm btn-filter active' : 'btn btn-sm btn-filter'}
        aria-expanded={open}
        aria-controls={open ? panel : undefined}
        aria-label={name}
        onClick={() => setOpen((open) => !open)}
      >
        {label}
        <span className="menu-caret" aria-hidden="true">
          ▾
        </span>
      </button>
      {open && (
        <div id={panel} className={end ? 'menu-panel menu-panel-end' : 'menu-panel'}>
          {typeof children === 'function' ? children(close) : children}
        </div>
      )}
    </div>
  )
}
