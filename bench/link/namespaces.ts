// Two network namespaces, a TUN device in each: two hosts on one machine. Needs root and `ip`.

import { outputOf } from "../measure/command.ts";
import { cString, type Libc } from "../measure/libc.ts";
import { MOST_BYTES } from "./queue.ts";

/** One of the two hosts. */
export interface LinkEnd {
  readonly namespace: string;
  readonly address: string;
}

/** The host of clients, and that of servers. */
export const ENDS: readonly [LinkEnd, LinkEnd] = [
  { namespace: "morsel-client", address: "10.130.0.1" },
  { namespace: "morsel-server", address: "10.130.0.2" },
];

/** The most TCP may keep for a connection: a link of 1 Gbit/s and 100 ms has 12.5 MB under way. */
const TCP_MEMORY = "4096 131072 67108864";

/** A host that was made; dispose it to remove it. */
export interface OpenEnd extends AsyncDisposable {
  /** The descriptor from which its packets are read, and to which those for it are written. */
  readonly device: number;
}

/** Makes a host. Throws where there is one of that name: another link, or one that was killed. */
export async function openEnd(end: LinkEnd, libc: Libc): Promise<OpenEnd> {
  const { namespace } = end;
  if (await Deno.stat(`${FOLDER}/${namespace}`).catch(() => undefined)) {
    throw new Error(`${namespace} is there already; if no link is up: ip netns del ${namespace}`);
  }
  await ip("netns", "add", namespace);
  const remove = () => ip("netns", "del", namespace);
  try {
    const device = openDevice(namespace, libc);
    await setUp(end);
    return { device, [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function setUp({ namespace, address }: LinkEnd): Promise<void> {
  const inside = (...words: string[]) => ip("-n", namespace, ...words);
  await inside("link", "set", "lo", "up");
  await inside("addr", "add", `${address}/24`, "dev", DEVICE);
  const settings = ["mtu", String(MOST_BYTES), "txqueuelen", "10000", "up"];
  await inside("link", "set", DEVICE, ...settings);
  await set(namespace, "net.ipv4.tcp_rmem", TCP_MEMORY);
  await set(namespace, "net.ipv4.tcp_wmem", TCP_MEMORY);
  // What one run has learned of the link is not to slow the next one down, or speed it up.
  await set(namespace, "net.ipv4.tcp_no_metrics_save", "1");
}

/** Where `ip` keeps its namespaces. */
const FOLDER = "/var/run/netns";
const DEVICE = "link0";
// From linux/sched.h, fcntl.h and linux/if_tun.h.
const CLONE_NEWNET = 0x40000000;
const O_RDONLY = 0;
const O_RDWR_NONBLOCK = 0o2 | 0o4000;
const TUNSETIFF = 0x400454can;
const IFF_TUN_NO_PI = 0x0001 | 0x1000;
/** Where the flags stand in a `struct ifreq`, and its size. */
const FLAGS_OFFSET = 16;
const IFREQ_SIZE = 40;

/** Goes into the namespace for as long as it takes to make a device there, which stays there. */
function openDevice(namespace: string, libc: Libc): number {
  const home = insist(libc.open(cString("/proc/thread-self/ns/net"), O_RDONLY), "open this one");
  const other = insist(libc.open(cString(`${FOLDER}/${namespace}`), O_RDONLY), "open it");
  try {
    insist(libc.setns(other, CLONE_NEWNET), "enter it");
    const device = insist(libc.open(cString("/dev/net/tun"), O_RDWR_NONBLOCK), "open /dev/net/tun");
    const request = new Uint8Array(IFREQ_SIZE);
    request.set(cString(DEVICE));
    new DataView(request.buffer).setUint16(FLAGS_OFFSET, IFF_TUN_NO_PI, true);
    insist(libc.ioctl(device, TUNSETIFF, request), "make a TUN device");
    return device;
  } finally {
    insist(libc.setns(home, CLONE_NEWNET), "leave it");
    libc.close(other);
    libc.close(home);
  }
}

function insist(result: number, what: string): number {
  if (result === -1) throw new Error(`Cannot ${what}: network namespaces need root`);
  return result;
}

async function set(namespace: string, name: string, value: string): Promise<void> {
  await ip("netns", "exec", namespace, "sysctl", "-q", "-w", `${name}=${value}`);
}

async function ip(...words: string[]): Promise<void> {
  await outputOf(["ip", ...words], { signal: AbortSignal.timeout(10_000) });
}
