// The few calls of Linux's C library that benches make themselves, through FFI: sockets without a runtime's
// event loop between them and the clock, and devices that only ioctl can open.

/** The calls, by the names and with the results they have in C; -1 is a failure. */
export type Libc = ReturnType<typeof openLibc>;

/** Opens the C library. Throws where the system has no glibc. */
export function openLibc() {
  return Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
    ioctl: { parameters: ["i32", "u64", "buffer"], result: "i32" },
    sched_setscheduler: { parameters: ["i32", "i32", "buffer"], result: "i32" },
    setns: { parameters: ["i32", "i32"], result: "i32" },
    read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
    ppoll: { parameters: ["buffer", "u64", "buffer", "pointer"], result: "i32" },
    poll: { parameters: ["buffer", "u64", "i32"], result: "i32" },
  }).symbols;
}

/** Of `poll`: there is something to read. */
export const POLLIN = 1;

/** Which descriptors to wait for, as `poll` takes them: `int fd; short events; short revents`. */
export class PollList {
  /** What `poll` is given. */
  readonly list: Int32Array<ArrayBuffer>;

  /** Waits for these to have something to read. */
  constructor(descriptors: readonly number[]) {
    this.list = new Int32Array(descriptors.length * 2);
    descriptors.forEach((descriptor, index) => this.list.set([descriptor, POLLIN], index * 2));
  }

  /** Whether the last `poll` has found this one to be readable, or broken. */
  isReady(index: number): boolean {
    // The upper half of the second word: both halves lie as in memory of a little-endian machine.
    return this.list[index * 2 + 1]! >>> 16 !== 0;
  }
}

/** A path as C takes it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
