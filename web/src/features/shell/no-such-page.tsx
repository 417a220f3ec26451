// An address that leads nowhere.

import { Link } from '@tanstack/react-router'
import { paths } from '../../paths'
import { Notice } from '../../ui/notice'

export function NoSuchPage() {
  return (
    <Notice title="There is no such page">
      <p>
        <Link to={paths.incidents}>To the incidents</Link>
      </p>
    </Notice>
  )
}
