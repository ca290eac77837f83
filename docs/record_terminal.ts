// Draws docs/terminal.svg from a session that really takes place: a server, and a client in a terminal of tmux whose
// screen is read again and again. Run it anew when what the client prints has changed:
//   deno run -A docs/record_terminal.ts

const ROOT = new URL("../", import.meta.url).pathname;
const COLUMNS = 94;
const ROWS = 19;
const SOCKET = "morsel-recording";
/** How often the screen is read, in milliseconds. */
const EVERY_MS = 200;
/** How long the last picture stays before it begins again, in milliseconds. */
const LAST_MS = 6000;
const MIB = 1024 * 1024;

/** A picture of the terminal. */
interface Frame {
  readonly lines: readonly string[];
  ms: number;
}

/** What is typed, and what to wait for: so many milliseconds, or the next prompt. */
const SCRIPT: readonly [text: string, wait: number | "prompt"][] = [
  ["morsel put holiday.mp4\n", 3400],
  ["\x03", 1200],
  ["morsel put holiday.mp4\n", "prompt"],
  ["morsel put -r clips\n", 2600],
  ["\x03", 1200],
  ["morsel put -r clips\n", "prompt"],
  ["morsel get -r clips -o copies && diff -r clips copies && echo the same\n", "prompt"],
  ["morsel get holiday.mp4 -o copy.mp4 --connections 4\n", "prompt"],
  ["cmp holiday.mp4 copy.mp4 && echo the same\n", "prompt"],
];

const folder = await Deno.makeTempDir();
const server = new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", `${ROOT}server.ts`, "--listen", "127.0.0.1:0", "--limit-rate", "24M"],
  cwd: folder,
  stdout: "piped",
}).spawn();
try {
  const { value } = await server.stdout.getReader().read();
  const address = new TextDecoder().decode(value).trim().slice("listening on ".length);
  await prepare();
  await tmux(
    ...["new-session", "-d", "-x", `${COLUMNS}`, "-y", `${ROWS}`, "-c", folder],
    ...["-e", `MORSEL_SERVER=${address}`, "-e", "PS1=$ ", "bash", "--norc", "--noprofile"],
  );
  await tmux("send-keys", `PATH=${folder}/bin:$PATH; clear`, "Enter");
  await pause(1000);
  const frames = await record();
  await Deno.writeTextFile(`${ROOT}docs/terminal.svg`, draw(frames));
} finally {
  await tmux("kill-server").catch(() => {});
  server.kill("SIGTERM");
  await server.status;
  await Deno.remove(folder, { recursive: true });
}

/** Makes the files of the session, and a command `morsel`. */
async function prepare(): Promise<void> {
  await Deno.mkdir(`${folder}/bin`);
  await Deno.mkdir(`${folder}/clips/small`, { recursive: true });
  const program = `#!/bin/sh\nexec ${Deno.execPath()} run -A ${ROOT}client.ts "$@"\n`;
  await Deno.writeTextFile(`${folder}/bin/morsel`, program, { mode: 0o755 });
  await writeRandom("holiday.mp4", 140 * MIB);
  for (const [index, size] of [20, 44, 31].entries()) {
    await writeRandom(`clips/day-${index + 1}.mp4`, size * MIB);
  }
  for (let number = 1; number <= 400; number++) {
    await writeRandom(`clips/small/${number}.jpg`, 8192);
  }
}

async function writeRandom(name: string, size: number): Promise<void> {
  using file = await Deno.open(`${folder}/${name}`, { write: true, create: true });
  const writer = file.writable.getWriter();
  for (let left = size; left > 0; left -= 65536) {
    await writer.write(crypto.getRandomValues(new Uint8Array(Math.min(left, 65536))));
  }
  await writer.close().catch(() => {});
}

async function record(): Promise<Frame[]> {
  const frames: Frame[] = [];
  const look = async () => {
    const lines = (await tmux("capture-pane", "-p")).trimEnd().split("\n");
    const last = frames.at(-1);
    if (last && last.lines.join("\n") === lines.join("\n")) last.ms += EVERY_MS;
    else frames.push({ lines, ms: EVERY_MS });
    await pause(EVERY_MS);
    return lines.at(-1)!.trim() === "$";
  };
  while (!await look());
  for (const [text, wait] of SCRIPT) {
    for (const key of text === "\x03" ? ["C-c"] : text) {
      await tmux("send-keys", ...key === "\n" ? ["Enter"] : key === "C-c" ? [key] : ["-l", key]);
      await pause(30);
    }
    const looks = wait === "prompt" ? 5 : wait / EVERY_MS;
    for (let count = 0; count < looks; count++) await look();
    while (wait === "prompt" && !await look());
  }
  frames.at(-1)!.ms = LAST_MS;
  return frames;
}

/** One picture below the other on a film, which is moved behind a window. */
function draw(frames: readonly Frame[]): string {
  const [charWidth, lineHeight, margin] = [8.4, 19, 16];
  const width = Math.ceil(COLUMNS * charWidth + 2 * margin);
  const height = ROWS * lineHeight + 2 * margin;
  const ids = new Map<string, number>();
  const film: string[] = [];
  const keyframes: string[] = [];
  const wholeMs = frames.reduce((sum, { ms }) => sum + ms, 0);
  let atMs = 0;
  for (const [index, { lines, ms }] of frames.entries()) {
    keyframes.push(
      `${(atMs / wholeMs * 100).toFixed(3)}%{transform:translateY(${-index * height}px)}`,
    );
    atMs += ms;
    for (const [row, line] of lines.entries()) {
      if (line === "") continue;
      const id = ids.get(line) ?? ids.size;
      ids.set(line, id);
      const y = index * height + margin + (row + 0.75) * lineHeight;
      film.push(`<use href="#l${id}" x="${margin}" y="${y}"/>`);
    }
  }
  const texts = [...ids].map(([line, id]) => {
    const shown = line.trimEnd();
    // Every font has its own idea of a character's width; columns must stay columns.
    const length = (shown.length * charWidth).toFixed(1);
    const style = shown.startsWith("$ ") ? ' class="b"' : "";
    return `<text id="l${id}"${style} textLength="${length}">${escape(shown)}</text>`;
  });
  const last = -(frames.length - 1) * height;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: morsel put is stopped and goes on, a folder goes up and comes back, one file over four connections">
<style>
rect{fill:#f6f8fa;stroke:#d0d7de}
text{fill:#1f2328;font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
.b{font-weight:600}
@media(prefers-color-scheme:dark){rect{fill:#0d1117;stroke:#30363d}text{fill:#e6edf3}}
.film{animation:play ${wholeMs}ms steps(1,end) infinite}
@keyframes play{${keyframes.join("")}}
@media(prefers-reduced-motion:reduce){.film{animation:none;transform:translateY(${last}px)}}
</style>
<defs>
${texts.join("\n")}
</defs>
<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<svg width="${width}" height="${height}"><g class="film">
${film.join("\n")}
</g></svg>
</svg>
`;
}

/** Spaces that stand together would become one. */
function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(" ", "\u00a0");
}

async function tmux(...args: string[]): Promise<string> {
  const command = new Deno.Command("tmux", { args: ["-L", SOCKET, "-f", "/dev/null", ...args] });
  const { code, stdout, stderr } = await command.output();
  if (code !== 0) throw new Error(`tmux ${args[0]}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
