// A link out of Prahari. Addresses come from outside, so only http and https are
// followed; anything else stays text.

import type { ReactNode } from 'react'

export function safeUrl(address: string | null | undefined): string | undefined {
  if (address == null) return undefined
  try {
    const url = new URL(address)
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined
  } catch {
    return undefined
  }
}

/** The host to show for an address: people judge a link by it. */
export function hostOf(address: string | null | undefined): string | undefined {
  const url = safeUrl(address)
  return url === undefined ? undefined : new URL(url).hostname.replace(/^www\./, '')
}

export function OutLink({
  to,
  children,
  className,
}: {
  to: string | null | undefined
  children: ReactNode
  className?: string
}) {
  const href = safeUrl(to)
  if (href === undefined) return <span className={className}>{children}</span>
  return (
    <a className={className} href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  )
}
