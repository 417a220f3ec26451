// A grey line of text to come. The width is one of a few classes, so that a list
// of them looks like text and needs no style attribute.

export function Skeleton({ width = 3 }: { width?: 1 | 2 | 3 | 4 | 5 }) {
  return <span className={`skeleton skeleton-${width}`} aria-hidden="true" />
}
