// What the keyboard can do.

import { Dialog } from '../../ui/dialog'

const keys: [string, string][] = [
  ['j', 'Next incident'],
  ['k', 'Previous incident'],
  ['Enter', 'Open it'],
  ['Esc', 'Back to the list'],
  ['n', 'Show what is new'],
  ['/', 'Search'],
  ['a', 'Add a source (under Sources)'],
  ['?', 'This help'],
]

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <dl className="key-help">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <h3>In the search box</h3>
      <p>
        Words search the text. These set a filter: <code>severity:high</code> (high or above),{' '}
        <code>type:ransomware</code>, <code>region:IN</code>, <code>status:new</code>,{' '}
        <code>exploited:true</code>, <code>source:cert_in</code>, <code>after:2026-11-01</code>, or
        a CVE number.
      </p>
    </Dialog>
  )
}
