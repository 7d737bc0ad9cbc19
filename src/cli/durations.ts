/** How long something took: `1 h 12 min`, `3 min 5 s`, `12 s`, `under 1 s`. */
export function duration(seconds: number): string {
  if (seconds < 0.5) return 'under 1 s'
  const s = Math.max(0, Math.round(seconds))
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
  return s >= 60 ? `${Math.floor(s / 60)} min ${s % 60} s` : `${s} s`
}

/** How long something will take, no finer than it is known: `some seconds`, `about 40 s`, `about 1 min 30 s`, `about 12 min`, `about 3 h 20 min`. */
export function roughly(seconds: number): string {
  if (seconds < 2) return 'a second or two'
  if (seconds < 10) return 'some seconds'
  if (seconds < 57.5) return `about ${5 * Math.round(seconds / 5)} s`
  if (seconds < 165) return `about ${duration(30 * Math.round(seconds / 30)).replace(' 0 s', '')}`
  if (seconds < 3570) return `about ${Math.round(seconds / 60)} min`
  return `about ${duration(600 * Math.round(seconds / 600)).replace(' 0 min', '')}`
}
