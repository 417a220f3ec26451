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
        Words search the text; fields narrow it: <code>severity:high</code> (high or above),{' '}
        <code>type:ransomware,ddos</code>, <code>region:IN</code>, <code>kev:true</code>,{' '}
        <code>last:7d</code>. <code>OR</code>, <code>NOT</code> and brackets combine them; words in
        quotes stand together. <kbd>↓</kbd> offers what may come next, <kbd>Enter</kbd> or{' '}
        <kbd>Tab</kbd> takes it, <kbd>Esc</kbd> closes.
      </p>
    </Dialog>
  )
}
