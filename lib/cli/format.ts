// Numbers as people read them: sizes, rates, counts, durations, times.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size in bytes with at least two digits that count: `512 B`, `1.5 KiB`, `340 MiB`. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.7 KiB would be shown as 1024 KiB, so the step up is taken a little before 1024.
  while (value >= 1023.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  const decimals = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(decimals)} ${UNITS[unit]}`;
}

/** A rate: `1.5 MiB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(Math.round(bytesPerSecond))}/s`;
}

/** A whole number with commas between the thousands: `1,234`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A duration in its two largest units: `7s`, `3m 05s`, `2h 10m`, `4d 03h`. */
export function formatDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${twoDigits(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)}h ${twoDigits(minutes % 60)}m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)}d ${twoDigits(hours % 24)}h`;
}

/** A time in UTC, so that listings from different places compare: `2026-03-01 12:00:07Z`. */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return "unknown";
  return time.toISOString().replace("T", " ").replace(/\.\d+Z$/, "Z");
}

/** The beginning of a digest, enough to tell contents apart by eye. */
export function formatShortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/** Text of another's making on one line, with what could steer a terminal spelled out: `\\u001b`. */
export function printable(text: string): string {
  return text.replace(STEERING, (control) => {
    return `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

// Control characters, line separators, and the marks that turn the direction of writing.
const STEERING = /\p{Control}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

function twoDigits(value: number): string {
  return String(value).padStart(2, "0");
}
