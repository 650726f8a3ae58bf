/**
 * Prints what a WebSocket channel tells, a line a message.
 *
 *   node examples/watch.mjs book VIB-BRL
 *   PREGAO_KEY=pk_… node examples/watch.mjs fills
 */
import WebSocket from "ws";

const [channel, market] = process.argv.slice(2);
const url = process.env.PREGAO_WS ?? "ws://127.0.0.1:8080/v1/ws";
const key = process.env.PREGAO_KEY;

const socket = new WebSocket(url, key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } });
socket.on("open", () => socket.send(JSON.stringify({ op: "subscribe", channel, market })));
socket.on("message", (message) => process.stdout.write(`${message}\n`));
socket.on("error", (error) => process.stderr.write(`${error.message}\n`));
socket.on("close", () => process.exit());
