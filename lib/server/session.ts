// One connection as the server sees it (PROTOCOL.md 3 and 4): greets, takes messages in, starts requests, and
// decides, in this one place, what follows from an error.

import type { Connection } from "../base/connection.ts";
import { asMorselError, MorselError } from "../base/errors.ts";
import type { UnknownMessage } from "../protocol/codec.ts";
import { FrameConnection } from "../protocol/frame_connection.ts";
import { ackBytes, GREETING_FRAME } from "../protocol/limits.ts";
import type { Message, MessageOf, Request } from "../protocol/messages.ts";
import { Turns } from "../store/turns.ts";
import { answer } from "./answer.ts";
import { draining, errorMessage } from "./error_message.ts";
import type { Exchange } from "./exchange.ts";
import { greet, type Greeted } from "./greeting.ts";
import { filesFor } from "./guarded_files.ts";
import { outcomeOf } from "./outcome.ts";
import { PinnedVersions } from "./pinned_versions.ts";
import { readAtOnce } from "./read_range.ts";
import { RunningRequests } from "./running_requests.ts";
import type { Answered, Subject } from "./server_event.ts";
import type { SessionContext } from "./session_context.ts";
import { UploadRequest } from "./upload_request.ts";
import { Watches } from "./watches.ts";

/** Bytes of replies that may wait to be written before no more is read. */
const REPLIES_BEHIND = 1024 * 1024;

/** Serves a connection until it ends, and closes it. Never rejects. */
export async function serveSession(connection: Connection, context: SessionContext): Promise<void> {
  await new Session(connection, context).run();
}

class Session {
  readonly #context: SessionContext;
  readonly #frames: FrameConnection;
  /** What requests are answered with, once it is known who asks. */
  #exchange: Omit<Exchange, "signal" | "underWay"> | undefined;
  readonly #running: RunningRequests;
  readonly #tasks = new Set<Promise<void>>();
  #ackEvery = 0;
  #isDraining = false;

  constructor(connection: Connection, context: SessionContext) {
    const { clock, trace, limit, closed } = context;
    this.#context = context;
    this.#running = new RunningRequests(context.limits, clock);
    this.#frames = new FrameConnection(connection, {
      clock,
      side: "server",
      maxFrame: GREETING_FRAME,
      trace,
      limit,
      closed,
      onExpire: (error) => this.#frames.post(errorMessage(0, error)),
    });
    context.visitor?.measure(this.#frames, this.#running);
  }

  async run(): Promise<void> {
    const { drain, tokens } = this.#context;
    let leave: (() => void) | undefined;
    const onDrain = () => this.#drain();
    try {
      drain?.addEventListener("abort", onDrain, { once: true });
      if (drain?.aborted) onDrain();
      const begin = this.#context.greet ?? greet;
      const greeted = await begin(this.#frames, this.#context);
      if (!greeted) return;
      this.#welcome(greeted);
      leave = tokens?.follow(greeted.principal, (why) => this.#expel(why));
      await this.#serve();
    } catch (thrown) {
      await this.#giveUp(asMorselError(thrown, "internal"));
    } finally {
      leave?.();
      drain?.removeEventListener("abort", onDrain);
      await this.#close();
    }
  }

  /** From here on it is known who asks, and what for. */
  #welcome({ terms, principal }: Greeted): void {
    const limit = this.#context.rates?.of(principal);
    if (limit) this.#frames.limitRate(limit);
    this.#ackEvery = ackBytes(terms, { isSlow: this.#frames.isLimited });
    const store = filesFor(principal, this.#context.store);
    this.#exchange = {
      store,
      principal,
      pins: new PinnedVersions(store),
      watches: new Watches(),
      listings: new Turns(),
      stats: new Turns(),
      writer: this.#frames.writer,
      maxChunk: terms.maxChunk,
      drain: this.#context.drain,
      figures: this.#context.figures,
    };
  }

  /** Its token is no longer good: nothing more is taken in, and what is under way ends. */
  #expel(why: MorselError): void {
    for (const { stop } of this.#running.all) stop.abort(why);
    this.#frames.giveUp(why);
  }

  /** Takes messages in until the peer ends the stream. */
  async #serve(): Promise<void> {
    // Bytes in either direction are life; a transfer that stands still has deadlines of its own.
    this.#frames.begin("idle", () => this.#frames.bytesMoved);
    do {
      for (let message = this.#frames.take(); message; message = this.#frames.take()) {
        const done = this.#receive(message) ?? this.#catchUp();
        if (done) await done;
      }
    } while (await this.#frames.fill());
  }

  /** A client that asks and does not read is not read on from. */
  #catchUp(): Promise<void> | undefined {
    const { writer } = this.#frames;
    return writer.unwrittenMessages > REPLIES_BEHIND ? writer.written() : undefined;
  }

  /** Acts on a message. A promise means: read no further until it settles, which is the backpressure. */
  #receive(message: Message | UnknownMessage): Promise<void> | undefined {
    switch (message.type) {
      case "Data":
        return this.#running.uploadOf(message).data(message.offset, message.data);
      case "Commit":
        return this.#endUpload(message, (upload) => upload.commit(message));
      case "Cancel":
        return this.#cancel(message.tag);
      case "Ping":
        // Those of one read share a write.
        return void this.#frames.writer.send({ type: "Pong", tag: message.tag });
      case "Begin":
        return this.#beginUpload(message);
      case "ReadRange":
        return this.#isAnsweredAtOnce(message) ? undefined : this.#request(message);
      case "Stat":
      case "List":
      case "Remove":
      case "Move":
      case "Copy":
      case "ListUploads":
      case "AbortUpload":
      case "Watch":
      case "Stats":
        return this.#request(message);
      case "Unknown":
        return this.#refuse(
          message.tag,
          new MorselError("unsupported", `There is no message with number ${message.number}`),
        );
      case "Error":
      case "File":
      case "Page":
      case "End":
      case "Begun":
      case "Ack":
      case "Pong":
      case "Drain":
      case "Leaves":
      case "Proof":
      case "Upload":
      case "Watching":
      case "Removed":
      case "Watched":
      case "Hello":
      case "Welcome":
      case "Authenticate":
      case "Challenge":
      case "Response":
      case "Authenticated":
      case "Figures":
        throw new MorselError("protocol", `A client cannot send ${message.type} here`);
      default:
        return message satisfies never;
    }
  }

  /** Only where nothing is under way that it could overtake; where something is wrong, the other way says what. */
  #isAnsweredAtOnce(request: MessageOf<"ReadRange">): boolean {
    if (this.#running.count > 0 || this.#isDraining || request.tag === 0) return false;
    try {
      if (!readAtOnce(request, this.#exchange!)) return false;
      this.#context.visitor?.answer({ subject: request });
      return true;
    } catch {
      return false;
    }
  }

  /** Starts a request that is one message; it runs beside the others. */
  #request(request: Exclude<Request, MessageOf<"Begin">>): Promise<void> | undefined {
    const { stop } = this.#running.enter(request);
    if (this.#isDraining) {
      this.#tell(request.tag, { subject: request, error: draining() });
      this.#running.leave(request.tag);
      return this.#refuse(request.tag, draining());
    }
    const given = { signal: stop.signal, underWay: this.#running.count };
    const work = answer(request, { ...this.#exchange!, ...given });
    return this.#run(request.tag, work, () => request);
  }

  #beginUpload(request: MessageOf<"Begin">): undefined {
    const entry = this.#running.enter(request);
    entry.upload = new UploadRequest(request, {
      store: this.#exchange!.store,
      writer: this.#frames.writer,
      ackEvery: this.#ackEvery,
      endWait: this.#frames.begin("upload", () => this.#frames.bytesMoved),
      refusal: this.#isDraining ? draining() : this.#running.uploadRefusal(),
      onError: (error, subject) => this.#tell(request.tag, { subject, error }),
    });
  }

  /** Sends the last reply to a request once it is known, whatever it is; the session lives on. */
  #run(tag: number, work: Promise<Message>, subject: () => Subject): undefined {
    const task = outcomeOf(tag, work).then((outcome) => {
      this.#tell(tag, { ...outcome, subject: subject() });
      this.#running.leave(tag);
      this.#frames.post(outcome.reply);
      this.#tasks.delete(task);
      if (this.#isDraining) this.#endWhenDrained();
    });
    this.#tasks.add(task);
  }

  /** Tells those who watch what came of a request that is still under way. */
  #tell(tag: number, answered: Answered): void {
    if (answered.error) this.#report(answered.error);
    this.#context.visitor?.answer({ ...answered, begunMs: this.#running.get(tag)?.begunMs });
  }

  #refuse(tag: number, error: MorselError): Promise<void> {
    return this.#frames.writer.send(errorMessage(tag, error));
  }

  #cancel(tag: number): undefined {
    const entry = this.#running.get(tag);
    if (entry?.upload?.isOpen) {
      this.#endUpload({ type: "Cancel", tag }, (upload) => upload.cancel());
    } else entry?.stop.abort(new MorselError("cancelled", "The request was cancelled"));
  }

  /** The client ends an upload: with a last reply, unless it has had that. */
  #endUpload(message: Message, reply: (upload: UploadRequest) => Promise<Message>): undefined {
    const upload = this.#running.uploadOf(message);
    const { tag, type } = message;
    if (!upload.isRefused) return this.#run(tag, reply(upload), () => upload.subject(type));
    upload.end();
    this.#running.leave(tag);
    if (this.#isDraining) this.#endWhenDrained();
  }

  /** Announces the end and lets running requests finish. */
  #drain(): void {
    this.#isDraining = true;
    const graceMs = this.#context.graceMs ?? 0;
    if (this.#exchange) this.#frames.post({ type: "Drain", tag: 0, graceMs });
    this.#endWhenDrained();
  }

  #endWhenDrained(): void {
    if (this.#running.count > 0) return;
    // What crosses this on its way is dropped, and by this its client knows that it was not carried out.
    this.#frames.post(errorMessage(0, draining()));
    this.#frames.begin("linger");
    void this.#frames.writer.close();
  }

  /** The session cannot go on: says why, if the connection is still there. */
  async #giveUp(error: MorselError): Promise<void> {
    this.#report(error);
    this.#context.visitor?.giveUp(error);
    if (error.code === "connection" || this.#frames.isGivenUp) return;
    this.#frames.post(errorMessage(0, error));
    await this.#frames.closeGently();
  }

  async #close(): Promise<void> {
    await this.#frames.close();
    const lost = new MorselError("connection", "The client is gone");
    const running = this.#running.all;
    for (const { stop } of running) stop.abort(lost);
    await Promise.all(running.map(({ upload }) => upload?.detach()));
    await Promise.all(this.#tasks);
    await this.#exchange?.pins.close();
  }

  /** Tells the operator of faults that are not the client's doing. */
  #report(error: MorselError): void {
    const own = error.code === "internal" || error.code === "storage" || error.code === "no_space";
    if (own) this.#context.onError?.(error);
  }
}
