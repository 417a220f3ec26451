// Whose name the history shows. There are no accounts: the name is kept in this
// browser, and whoever gives none is "dashboard" there, as programs are "api".

import { useId } from 'react'

const KEY = 'prahari.name'
/** As the server has it. */
export const NAME_MAX = 64

export function myName(): string {
  try {
    return localStorage.getItem(KEY) ?? ''
  } catch {
    return ''
  }
}

/** The member `by` of what is sent. */
export const byMe = (): { by: string } => ({ by: myName() || 'dashboard' })

export function MyNameField() {
  const id = useId()
  return (
    <p className="hand-name">
      <label htmlFor={id}>Your name, for the history</label>
      <input
        id={id}
        className="form-control form-control-sm"
        autoComplete="name"
        maxLength={NAME_MAX}
        defaultValue={myName()}
        onChange={(event) => {
          try {
            localStorage.setItem(KEY, event.target.value.trim())
          } catch {
            // A browser that keeps nothing sends no name.
          }
        }}
      />
    </p>
  )
}
