// Where a server's certificates come from: files that somebody else renews, or a folder of the server's own. They are
// read again while it works, so that a renewed one needs no restart.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { Clock, StopTimer } from "../base/clock.ts";
import { MorselError } from "../base/errors.ts";
import { quote } from "../base/names.ts";
import type { ServerTls, TlsListener } from "./connection.ts";
import { outsideHost, ownCertificates } from "./own_certificates.ts";

/** What a server shows over TLS, and whom it lets in. */
export interface ServerTlsOptions {
  /**
   * PEM files with a certificate, and those between it and its authority, and with its key; or `auto` for
   * an authority and a certificate of the server's own, kept in the data folder and renewed in time.
   */
  readonly certificate: "auto" | { readonly certFile: string; readonly keyFile: string };
  /** Names and addresses that clients use, beside those of the machine; for `auto`. */
  readonly names?: readonly string[];
  /** A PEM file with authorities: only clients with a certificate of one of them get in. */
  readonly clientCaFile?: string;
}

/** Certificates as they are now. */
export interface LoadedTls extends ServerTls {
  /** The authority of the server's own, in PEM; undefined where the files are somebody else's. */
  readonly ca?: string;
  /** The host that clients are to connect to: the certificate is for it. */
  readonly reachedAs: string;
}

/** What {@linkcode keepTls} needs beside a listener. */
export interface KeepTlsOptions {
  readonly load: () => Promise<ServerTls>;
  /** What the listener shows now. */
  readonly shown: ServerTls;
  readonly clock: Clock;
  /** Told each time of what is shown from then on. */
  readonly onRenewal?: ((tls: ServerTls) => void) | undefined;
  /** Told once of each thing that is wrong with new files; the old ones stay in use. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** How often the files are read, in milliseconds: a few KiB each time. */
const LOOK_EVERY_MS = 10_000;
const HOST_NAME = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;

/** Where {@linkcode loadTls} is, and when. */
export interface LoadTlsPlace {
  /** What the server listens at. */
  readonly host: string;
  /** Where certificates of its own are kept. */
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Reads the certificates, or makes them. Throws `invalid` with what is wrong with which file, or `storage`. */
export async function loadTls(
  options: ServerTlsOptions,
  { host, folder, nowMs }: LoadTlsPlace,
): Promise<LoadedTls> {
  const { certificate, names = [], clientCaFile } = options;
  const odd = names.find((name) => isIP(name) === 0 ? !HOST_NAME.test(name) : name.includes("%"));
  if (odd !== undefined) throw wrong(`A certificate cannot be for the name ${quote(odd)}`);
  const clientCa = clientCaFile === undefined ? undefined : await readCertificates(clientCaFile);
  const rest = clientCa === undefined ? {} : { clientCa };
  const isAnywhere = host === "0.0.0.0" || host === "::";
  const reachedAs = names[0] ?? (isAnywhere ? outsideHost() : host);
  if (certificate === "auto") {
    const all = isAnywhere || host.includes("%") ? names : [...names, host];
    const { ca, server } = await own(folder, all, nowMs);
    return { ...server, ca, reachedAs, ...rest };
  }
  const { certFile, keyFile } = certificate;
  const cert = await readCertificates(certFile);
  const key = await readPem(keyFile, "private key", createPrivateKey);
  const first = new X509Certificate(cert);
  if (!first.checkPrivateKey(createPrivateKey(key))) {
    throw wrong(`The key in ${keyFile} is not that of the certificate in ${certFile}`);
  }
  const name = /DNS:([^,*\s]+)/.exec(first.subjectAltName ?? "")?.[1];
  return { cert, key, reachedAs: name ?? reachedAs, ...rest };
}

/** Shows a listener's clients what there is, as it changes; returns how to stop that. */
export function keepTls(listener: TlsListener, options: KeepTlsOptions): StopTimer {
  const { load, clock, onRenewal, onError } = options;
  let shown = textOf(options.shown);
  let told = "";
  let isStopped = false;
  const look = async () => {
    try {
      const next = await load();
      if (textOf(next) !== shown) {
        listener.renew(next);
        onRenewal?.(next);
      }
      shown = textOf(next);
      told = "";
    } catch (thrown) {
      const text = String(thrown);
      if (text !== told) onError?.(keepsOld(thrown));
      told = text;
    }
    if (!isStopped) stop = clock.timer(LOOK_EVERY_MS, look);
  };
  let stop = clock.timer(LOOK_EVERY_MS, look);
  return () => {
    isStopped = true;
    stop();
  };
}

async function own(folder: string, names: readonly string[], nowMs: number) {
  try {
    return await ownCertificates({ folder, names, nowMs });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MorselError(
      "storage",
      `Cannot keep certificates in ${folder}: ${reason}`,
      { cause },
    );
  }
}

function readCertificates(path: string): Promise<string> {
  return readPem(path, "certificate", (text) => new X509Certificate(text));
}

async function readPem(
  path: string,
  what: string,
  parse: (text: string) => unknown,
): Promise<string> {
  const text = await readFile(path, "utf8").catch((cause) => {
    const reason = cause.code === "ENOENT" ? "there is no such file" : cause.message;
    throw wrong(`Cannot read the ${what} in ${path}: ${reason}`, cause);
  });
  try {
    parse(text);
    return text;
  } catch (cause) {
    throw wrong(`There is no ${what} in PEM in ${path}`, cause);
  }
}

function wrong(message: string, cause?: unknown): MorselError {
  return new MorselError("invalid", message, { cause });
}

function keepsOld(cause: unknown): MorselError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `The certificates shown stay the old ones, as new ones cannot be used: ${reason}`;
  return new MorselError("invalid", message, { cause });
}

function textOf({ cert, key, clientCa = "" }: ServerTls): string {
  return [cert, key, clientCa].join("\n");
}
