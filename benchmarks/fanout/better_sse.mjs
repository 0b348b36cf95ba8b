// better-sse as its README shows it: a channel, and a broadcast to all of its sessions.
//
//     node better_sse.mjs PORT FPS
//
// The fragments come in as JSON lines on standard input.
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { createChannel, createSession } from "better-sse";

const [port, fps] = process.argv.slice(2).map(Number);
const fragments = [];
for await (const line of createInterface({ input: process.stdin })) fragments.push(JSON.parse(line));

const channel = createChannel();
createServer(async (request, response) => {
  channel.register(await createSession(request, response));
}).listen({ port, host: "127.0.0.1", backlog: 1024 });

const started_ms = performance.now();
let number = 0;
function publish() {
  const fragment = fragments[number % fragments.length];
  channel.broadcast({ ...fragment, released_at: Date.now() / 1000 }, "fragment");
  number += 1;
  setTimeout(publish, Math.max(0, started_ms + (number * 1000) / fps - performance.now()));
}
publish();
