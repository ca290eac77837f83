// How far ahead of what has come a download asks, and in what pieces. Pure numbers: the measurements behind them are
// in bench/README.md.

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
/**
 * Bytes asked for ahead at most: more than TCP ever has under way on a link of 1 Gbit/s and 100 ms, some 40 MB. A server
 * that has sent all that was asked for looks to TCP as if it had no more; that cost a tenth of the rate.
 */
const LAST_WINDOW = 64 * 1024 * 1024;

/** Bytes that may be asked for ahead once so many were taken, by a disk or by somebody who reads slowly. */
export function windowAfter(taken: number): number {
  return Math.min(LAST_WINDOW, Math.max(FIRST_WINDOW, AHEAD * taken));
}

/**
 * Which part of what was asked for before the next piece is, so that whoever waits for proven bytes waits for an
 * eighth of the time it took so far; and its most, so that there are some in a window.
 */
const PIECE_SHARE = 1 / 8;
const LARGEST_PIECE = 4 * 1024 * 1024;

/** Bytes of the piece that follows so many: whole blocks, at least one. */
export function pieceAfter(asked: number): number {
  const share = Math.min(LARGEST_PIECE, asked * PIECE_SHARE);
  return Math.max(1, Math.floor(share / BLOCK_SIZE)) * BLOCK_SIZE;
}
