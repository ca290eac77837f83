// Workloads that move files by commands: one large file, many small ones, down and up. Each run is a command
// on a cold process, as a user would type it; what arrived is compared with the source before it counts.

import type { Contender } from "../measure/turns.ts";
import { formatCount, formatSize } from "../../lib/cli/format.ts";
import { morsel as morselPeer, type RunningMorsel } from "./morsel.ts";
import { compare, got, inner, moved, stored } from "./move.ts";
import type { RunningPeer, Way, Ways } from "./peer.ts";
import { discard, LARGE, MANY, PART, PART_DIVISOR, SMALL } from "./stage.ts";
import type { Bench, OpenWorkload, Workload } from "./workload.ts";

const PART_NOTE =
  `Rows with * move 1/${PART_DIVISOR} of the file, as they are slow; rates are compared.`;
const LEAST_NOTE =
  "The least on Deno is a program that only frames, joins, hashes and writes (bench/peers/least_program.ts).";
const DISK_NOTE =
  "A put ends when the file is on stable storage; a get, of all alike, when the system has it.";

/** One large file, down. */
export const getLarge: Workload = {
  id: "get",
  title: ({ size }) => `get ${formatSize(size)} to disk`,
  unit: "MB/s",
  notes: [
    "Morsel and the row with openssl have checked what arrived.",
    LEAST_NOTE,
    DISK_NOTE,
    PART_NOTE,
  ],
  goals: {
    "nginx + curl": { atLeast: 1.2, aim: 1.5 },
    "nginx + curl, then openssl sha256": { atLeast: 2 },
    "sftp": { atLeast: 3 },
    "vsftpd + curl": { atLeast: 1.3 },
    "rsync daemon": { atLeast: 1.4 },
    "tftp 1300, window 64": { atLeast: 8 },
    "tftp 1300, lock-step *": { atLeast: 40 },
  },
  open: (bench) => openGet(bench, waysOf(bench.peers, "get")),
};

/** One large file, up. */
export const putLarge: Workload = {
  id: "put",
  title: ({ size }) => `put ${formatSize(size)}, synced`,
  unit: "MB/s",
  notes: [LEAST_NOTE, DISK_NOTE, PART_NOTE],
  goals: {
    "nginx + curl -T, then sync": { atLeast: 1.3 },
    "sftp put, then sync": { atLeast: 2 },
  },
  open: (bench) => openPut(bench, waysOf(bench.peers, "put")),
};

/** Many small files up, by one command. */
export const putSmall: Workload = {
  id: "small-put",
  title: ({ files }) => `put ${formatCount(files)} files of 1 KiB, one command`,
  unit: "files/s",
  notes: ["Morsel has each file on stable storage when the command ends; the others have none."],
  goals: { "sftp put -r, not synced": { atLeast: 10 } },
  open: ({ peers, stage, files }) => {
    const contenders = waysOf(peers, "putFolder").map(({ peer, way }) => ({
      ...rowOf({ peer, way }),
      run: () =>
        moved(stage, peer, {
          amount: files,
          unit: "files/s",
          commands: way.commands(`${stage.served}/${MANY}`, MANY),
          check: async () =>
            await compare(stage, `${stage.served}/${MANY}`, await peer.readBack(MANY)),
          remove: () => peer.remove(MANY),
        }),
    }));
    return Promise.resolve({ contenders });
  },
};

/** Many small files down, by one command. */
export const getSmall: Workload = {
  id: "small-get",
  title: ({ files }) => `get ${formatCount(files)} files of 1 KiB, one command`,
  unit: "files/s",
  goals: { "sftp -r": { atLeast: 10 }, "rsync -r, daemon": { atLeast: 1 } },
  async open({ peers, stage, files, morsel }) {
    const canFolders = await morsel?.knows("get", "--recursive") ?? true;
    const ways = waysOf(peers, "getFolder").filter(({ peer }) => canFolders || peer !== morsel);
    const close = await stored(stage, morsel, `${stage.served}/${MANY}`, MANY);
    const contenders = ways.map(({ peer, way }): Contender => ({
      ...rowOf({ peer, way }),
      run: () => {
        const target = `${stage.fetched}/${MANY}`;
        return moved(stage, peer, {
          amount: files,
          unit: "files/s",
          commands: way.commands(MANY, target),
          check: async () => await compare(stage, `${stage.served}/${MANY}`, await inner(target)),
          remove: () => discard(stage, target),
        });
      },
    }));
    const skipped = canFolders ? [] : ["Morsel get -r: this version has no get --recursive"];
    return { contenders, skipped, close };
  },
};

/** The default chunk against one of 64 KiB, down. */
export const getChunks: Workload = {
  id: "chunks-get",
  title: ({ size }) => `get ${formatSize(size)}, chunks of 1300 bytes against 64 KiB`,
  unit: "MB/s",
  goals: { "Morsel, 64 KiB chunks": { atLeast: 0.85 } },
  open: (bench) => openGet(bench, withOptions(bench.morsel, "get", CHUNKS)),
};

/** The default chunk against one of 64 KiB, up. */
export const putChunks: Workload = {
  id: "chunks-put",
  title: ({ size }) => `put ${formatSize(size)}, chunks of 1300 bytes against 64 KiB`,
  unit: "MB/s",
  goals: { "Morsel, 64 KiB chunks": { atLeast: 0.85 } },
  open: (bench) => openPut(bench, withOptions(bench.morsel, "put", CHUNKS)),
};

/** One file over several connections. */
export const getConnections: Workload = {
  id: "connections",
  title: ({ size }) => `get ${formatSize(size)} over 1, 2 and 4 connections`,
  unit: "MB/s",
  goals: {},
  async open(bench) {
    if (!await bench.morsel?.knows("get", "--connections")) {
      return { contenders: [], skipped: ["All: this version has no get --connections"] };
    }
    return await openGet(bench, withOptions(bench.morsel, "get", CONNECTIONS));
  },
};

/** A whole command for a small file. */
export const wholeCommand: Workload = {
  id: "command",
  title: () => "get a file of 1 KiB, the whole command",
  unit: "s",
  warmups: 1,
  goals: { "sftp": { atMost: 0.5 } },
  async open({ stage, peers, morsel }) {
    const close = await stored(stage, morsel, `${stage.served}/${SMALL}`, SMALL);
    const contenders = firstWaysOf(peers, "get").map(({ peer, way }): Contender => ({
      ...rowOf({ peer, way }),
      run: () => got(stage, peer, { way, from: SMALL, unit: "s", amount: 1 }),
    }));
    return { contenders, close };
  },
};

const CHUNKS = [
  { name: "Morsel, 1300-byte chunks", args: [] },
  { name: "Morsel, 64 KiB chunks", args: ["--chunk-size", "65536"] },
];
const CONNECTIONS = [1, 2, 4].map((count) => ({
  name: count === 1 ? "Morsel, 1 connection" : `Morsel, ${count} connections`,
  args: ["--connections", String(count)],
}));

/** A way, and whose it is. */
export interface PeerWay {
  readonly peer: RunningPeer;
  readonly way: Way;
}

/** The ways of all peers for a purpose. */
export function waysOf(peers: readonly RunningPeer[], purpose: keyof Ways): PeerWay[] {
  return peers.flatMap((peer) => peer.ways[purpose]?.map((way) => ({ peer, way })) ?? []);
}

/** The same, but only the first way of each peer, by which it is best known. */
export function firstWaysOf(peers: readonly RunningPeer[], purpose: keyof Ways): PeerWay[] {
  return waysOf(peers, purpose).filter(({ peer, way }) => way === peer.ways[purpose]![0]);
}

/** Morsel's own way with options more. */
function withOptions(
  morsel: RunningMorsel | undefined,
  purpose: "get" | "put",
  variants: readonly { name: string; args: readonly string[] }[],
): PeerWay[] {
  if (!morsel) return [];
  return variants.map(({ name, args }) => {
    const commands: Way["commands"] = (from, to) => [
      morsel.command(purpose, from, purpose === "get" ? "-o" : "--as", to, ...args),
    ];
    return { peer: morsel, way: { name, commands } };
  });
}

/** Fetches the large file in each of these ways. */
export async function openGet(
  { stage, morsel, size }: Bench,
  ways: readonly PeerWay[],
): Promise<OpenWorkload> {
  const close = await stored(stage, morsel, `${stage.served}/${LARGE}`, LARGE);
  const contenders = ways.map(({ peer, way }): Contender => ({
    ...rowOf({ peer, way }),
    run: () => {
      const from = way.isPartial ? PART : LARGE;
      const amount = way.isPartial ? size / PART_DIVISOR : size;
      return got(stage, peer, { way, from, unit: "MB/s", amount });
    },
  }));
  return { contenders, close };
}

/** Stores the large file in each of these ways. */
export function openPut({ stage, size }: Bench, ways: readonly PeerWay[]): Promise<OpenWorkload> {
  const contenders = ways.map(({ peer, way }): Contender => ({
    ...rowOf({ peer, way }),
    run: () => {
      const source = `${stage.served}/${way.isPartial ? PART : LARGE}`;
      return moved(stage, peer, {
        amount: way.isPartial ? size / PART_DIVISOR : size,
        unit: "MB/s",
        commands: way.commands(source, "put.bin"),
        check: async () => await compare(stage, source, await peer.readBack("put.bin")),
        remove: () => peer.remove("put.bin"),
      });
    },
  }));
  return Promise.resolve({ contenders });
}

function rowOf({ peer, way }: PeerWay): Pick<Contender, "name" | "isSubject"> {
  const name = way.isPartial ? `${way.name} *` : way.name;
  return { name, isSubject: peer.name === morselPeer.name };
}
