// A contribution as a bar around zero: right speaks for, left against. Drawn in
// SVG because its widths are data, and the page's policy forbids style attributes.

export function ContributionBar({ weight, most }: { weight: number; most: number }) {
  const share = most > 0 ? Math.min(Math.abs(weight) / most, 1) : 0
  const length = Math.max(share * 50, weight === 0 ? 0 : 1)
  const sign = weight < 0 ? '−' : '+'
  return (
    <svg
      className={weight < 0 ? 'contribution contribution-against' : 'contribution'}
      role="img"
      aria-label={`weight ${sign}${Math.abs(weight).toFixed(2)}`}
      viewBox="0 0 100 8"
      preserveAspectRatio="none"
    >
      <rect className="contribution-ground" x="0" y="3.5" width="100" height="1" />
      <rect
        className="contribution-bar"
        x={weight < 0 ? 50 - length : 50}
        y="0"
        width={length}
        height="8"
      />
    </svg>
  )
}
