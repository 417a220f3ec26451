// Reasons carry no id: the same sentence about the same spans is the same reason.

import type { Reason } from '../../api/types'

export const reasonKey = (reason: Reason) =>
  JSON.stringify([reason.aspect, reason.text, reason.spans ?? []])

/** Several items may give one and the same reason; once is enough to read. */
export const distinct = (reasons: readonly Reason[]): Reason[] => [
  ...new Map(reasons.map((reason) => [reasonKey(reason), reason])).values(),
]
