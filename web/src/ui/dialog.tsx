// A modal panel on the browser's own <dialog>: it traps focus, closes on Escape
// and gives focus back. A click on the backdrop closes it too. The field that is
// written in first says so by `data-first`.

import { type ReactNode, useEffect, useId, useRef } from 'react'

export function Dialog({
  title,
  onClose,
  children,
  side = false,
}: {
  title: string
  onClose: () => void
  children: ReactNode
  /** Along the right edge, for lists, instead of in the middle. */
  side?: boolean
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const heading = useId()
  useEffect(() => {
    const element = dialog.current
    if (element !== null && !element.open) element.showModal()
    element?.querySelector<HTMLElement>('[data-first]')?.focus()
    return () => element?.close()
  }, [])
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes a dialog already
    <dialog
      ref={dialog}
      className={side ? 'panel panel-side' : 'panel'}
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose()
      }}
    >
      <div className="panel-body">
        <div className="panel-head">
          <h2 id={heading}>{title}</h2>
          <button type="button" className="btn btn-sm btn-quiet" onClick={onClose}>
            Close
          </button>
        </div>
        {children}
      </div>
    </dialog>
  )
}
