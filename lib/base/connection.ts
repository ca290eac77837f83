// A connection as all of Morsel sees it: a pair of Web Streams of bytes, whatever the runtime has. Types only.

/** What only the two ends of one TLS channel know, so that what is proven over it cannot be passed on. */
export interface ChannelBinding {
  /** `tls-exporter` of RFC 9266, or `tls-server-end-point` of RFC 5929 where a runtime has no exporter. */
  readonly type: "tls-exporter" | "tls-server-end-point";
  readonly data: Uint8Array;
}

/** A connection to a peer. Whoever opened or accepted it closes it. */
export interface Connection {
  /** Bytes from the peer; a byte stream, so that it can be read into buffers of the reader's own. */
  readonly readable: ReadableStream<Uint8Array>;
  /** Bytes to the peer. A write settles when the system has taken all of its bytes. */
  readonly writable: WritableStream<Uint8Array>;
  /** Bytes the system has taken so far: grows while a large write is still under way. */
  readonly bytesWritten: number;
  /** The other end, as `host:port`. */
  readonly remote: string;
  /** Of a connection over TLS; undefined on plain TCP. */
  readonly channelBinding?: ChannelBinding | undefined;
  /** Closes both directions at once; pending reads and writes end. Closing twice is harmless. */
  close(): void;
}
