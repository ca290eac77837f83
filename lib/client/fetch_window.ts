// How far ahead of what it has a download asks while TCP finds out what the link takes, and in what pieces. What the
// link holds bounds it from then on (link_window.ts). The measurements behind its numbers are in bench/README.md.

import { BLOCK_SIZE } from "../base/merkle.ts";

/** Bytes asked for before anybody wants to take them: most files whole, in one round trip. */
export const FIRST_LENGTH = 512 * 1024;

/** Bytes asked for ahead as soon as somebody wants them, at least. */
const FIRST_WINDOW = 4 * 1024 * 1024;
/**
 * How many bytes are asked for ahead for each that was taken. TCP sends three times as many in each round trip while
 * it finds out what a link takes, and what is asked for now is sent a round trip later.
 */
const AHEAD = 16;

/** Bytes that may be asked for ahead once so many were taken, by a disk or by somebody who reads slowly. */
export function aheadAfter(taken: number): number {
  return Math.max(FIRST_WINDOW, AHEAD * taken);
}

/**
 * Which part of what was asked for before the next piece is, so that whoever waits for proven bytes waits for an
 * eighth of the time it took so far.
 */
const PIECE_SHARE = 1 / 8;

/** Bytes of the piece that follows so many, of at most `most`: whole blocks, at least one. */
export function pieceAfter(asked: number, most: number): number {
  const share = Math.min(most, asked * PIECE_SHARE);
  return Math.max(1, Math.floor(share / BLOCK_SIZE)) * BLOCK_SIZE;
}
