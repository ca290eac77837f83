// The part of a peer's address that stands for one peer, for everything that is counted by address.

/**
 * The part of a `host:port` that stands for one peer. Of IPv6 the first 64 bits: whoever has one address of
 * those has all of them.
 */
export function addressOf(remote: string): string {
  const host = remote.slice(0, remote.lastIndexOf(":"));
  if (!host.includes(":")) return host;
  const mapped = /^::ffff:(\d+(?:\.\d+){3})$/i.exec(host);
  if (mapped) return mapped[1]!;
  const [head = "", tail] = host.split("::");
  const groups = head.split(":").filter((group) => group !== "");
  const last = (tail ?? "").split(":").filter((group) => group !== "");
  while (groups.length + last.length < 8) groups.push("0");
  return `${[...groups, ...last].slice(0, 4).join(":")}::/64`;
}
