import { assertEquals } from "@std/assert";
import { TerminalBlock } from "../../lib/cli/terminal_block.ts";
import { FakeTerminal } from "../support/fake_terminal.ts";

class Stage {
  readonly terminal: FakeTerminal;
  readonly block = new TerminalBlock();

  constructor(columns: number, rows = 24) {
    this.terminal = new FakeTerminal(columns, rows);
  }

  get #size() {
    return { columns: this.terminal.columns(), rows: this.terminal.rows() };
  }

  async write(text: string): Promise<void> {
    if (text !== "") await this.terminal.write(new TextEncoder().encode(text));
  }

  show(...lines: string[]): Promise<void> {
    return this.write(this.block.show(lines, this.#size));
  }

  above(text: string): Promise<void> {
    return this.write(`${this.block.hidden()}${text}\n${this.block.again(this.#size)}`);
  }
}

Deno.test("lines are rewritten in place, grow and shrink, and leave nothing behind", async () => {
  const stage = new Stage(40);
  await stage.write("$ morsel\n");
  for (const lines of [["a 1"], ["a 2", "b", "all"], ["a 3 longer", "all"], ["x"], []]) {
    await stage.show(...lines);
    assertEquals(stage.terminal.text, ["$ morsel", ...lines].join("\n"));
    assertEquals(stage.terminal.cursor, [1, 0]);
  }
});

Deno.test("only what differs is written again, and nothing when nothing does", async () => {
  const stage = new Stage(40);
  await stage.show("first", "second", "third");
  assertEquals(stage.block.show(["first", "second", "third"], { columns: 40, rows: 24 }), "");
  const text = stage.block.show(["first", "2nd", "third"], { columns: 40, rows: 24 });
  assertEquals([text.includes("2nd"), text.includes("first"), text.includes("third")], [
    true,
    false,
    false,
  ]);
});

Deno.test("what is to stay goes above the lines, in one write", async () => {
  const stage = new Stage(40);
  await stage.show("a", "all");
  await stage.above("a result");
  await stage.above("another");
  assertEquals(stage.terminal.text, "a result\nanother\na\nall");
  assertEquals(stage.terminal.writes.length, 3);
});

Deno.test("a terminal that gets narrower or wider is cleared of what became of the lines", async () => {
  const stage = new Stage(60);
  await stage.write("before\n");
  await stage.show("x".repeat(55), "y".repeat(50), "all");
  stage.terminal.resize(20);
  assertEquals(stage.terminal.text.split("\n").length, 8);
  await stage.show("x", "y", "all");
  assertEquals(stage.terminal.text, "before\nx\ny\nall");
  stage.terminal.resize(80);
  await stage.show("x".repeat(70), "y");
  assertEquals(stage.terminal.text, `before\n${"x".repeat(70)}\ny`);
  stage.terminal.resize(10);
  await stage.above("a result");
  await stage.show("x", "y");
  assertEquals(stage.terminal.text, "before\na result\nx\ny");
});

Deno.test("at the foot of a terminal the lines scroll it, and are rewritten there", async () => {
  const stage = new Stage(20, 4);
  for (let line = 0; line < 6; line++) await stage.write(`${line}\n`);
  await stage.show("a", "b", "all");
  await stage.show("a 2", "b 2", "all 2");
  await stage.above("kept");
  assertEquals(stage.terminal.text, "0\n1\n2\n3\n4\n5\nkept\na 2\nb 2\nall 2");
});

Deno.test("a line that is wider than was thought is cut, and puts no other out of place", async () => {
  const stage = new Stage(10);
  await stage.show("x".repeat(12), "all");
  await stage.show("y".repeat(12), "all");
  assertEquals(stage.terminal.text, "yyyyyyyyyy\nall");
});
