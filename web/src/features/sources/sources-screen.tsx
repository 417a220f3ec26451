// The sources: add one, see how each stands, switch and remove.

import './sources.css'
import { AddSource } from './add-source'
import { SourceActions } from './source-actions'
import { SourceTable } from './source-table'

export function SourcesScreen() {
  return (
    <div className="sources-screen">
      <title>Sources · Prahari</title>
      <h1>Sources</h1>
      <AddSource />
      <SourceTable actions={(source) => <SourceActions source={source} />} />
    </div>
  )
}
