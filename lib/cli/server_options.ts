// The options of the server as a program, for its arguments and its help.

import type { OptionRule } from "./arguments.ts";
import { SERVER_TLS_OPTIONS } from "./server_tls_options.ts";

/** The options of the program. */
export const SERVER_OPTIONS: readonly OptionRule[] = [
  {
    name: "listen",
    value: "HOST:PORT",
    summary: "Listen there; 127.0.0.1:1300 by default, port 0 takes any free one",
  },
  {
    name: "data",
    value: "DIR",
    summary: "Keep the files in this folder; ./morsel-data by default",
  },
  { name: "max-connections", value: "N", summary: "Serve no more than N connections at once" },
  {
    name: "workers",
    value: "N",
    summary: "Serve with N processes on one port, for machines of several cores; 1 by default",
  },
  {
    name: "limit-rate",
    value: "RATE",
    summary: "Move RATE bytes a second at most, all connections together, both ways, as in 10M",
  },
  { name: "quota", value: "SIZE", summary: "Take files of SIZE bytes in all at most, as in 100G" },
  { name: "quota-files", value: "N", summary: "Take N files at most" },
  {
    name: "reserve",
    value: "SIZE",
    summary: "Leave SIZE bytes of the disk free; 256M by default, 0 = off",
  },
  {
    name: "scrub",
    value: "RATE",
    summary:
      "Check the data in the background at RATE bytes a second, as in 20M; 8M by default, 0 = off",
  },
  {
    name: "metrics",
    value: "HOST:PORT",
    summary: "Show numbers for Prometheus there, at /metrics, and /healthz, over HTTP",
  },
  {
    name: "log",
    value: "FILE",
    summary:
      "Append a line of JSON for each connect, log-in, commit, delete and refusal; - = standard error",
  },
  ...SERVER_TLS_OPTIONS,
  {
    name: "insecure",
    summary: "Allow an address that other machines can reach without TLS, or without a token",
  },
  { name: "trace", summary: "Print every frame on standard error" },
  { name: "debug", summary: "Print where in the program an error arose" },
  { name: "help", letter: "h", summary: "Print this help" },
  { name: "version", summary: "Print the version" },
];
