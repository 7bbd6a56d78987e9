// The official Node client (@larksuiteoapi/node-sdk) in Klaw's place, in the same scenario as python_client.py.
const http = require("http");
const lark = require("@larksuiteoapi/node-sdk");

const base = process.argv[2];
const app = { appId: "cli_a1b2c3d4e5f60718", appSecret: "Qw3rty-of-the-app", domain: base, loggerLevel: lark.LoggerLevel.fatal };
const received = [], pressed = [];
let failed = false;

const control = async (path, what) => {
  const answer = await fetch(`${base}/_fake/${path}`, { method: "POST", body: JSON.stringify(what) });
  return answer.json();
};
const state = async () => (await fetch(`${base}/_fake/state`)).json();

async function until(condition, what, seconds = 40) {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`gave up waiting for ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

function must(condition, what) {
  if (!condition) throw new Error(typeof what === "string" ? what : JSON.stringify(what));
}

async function step(name, action) {
  try {
    const detail = await action();
    console.log(JSON.stringify({ step: name, ok: true, detail: detail === undefined ? "" : String(detail) }));
    return detail;
  } catch (error) {
    failed = true;
    console.log(JSON.stringify({ step: name, ok: false, detail: error.stack }));
  }
}

const card = (title, template) => ({
  schema: "2.0",
  config: { update_multi: true },
  header: { template, title: { tag: "plain_text", content: title } },
  body: {
    elements: [
      { tag: "markdown", content: "**big** cannot be scheduled" },
      { tag: "button", text: { tag: "plain_text", content: "Acknowledge" }, type: "primary",
        behaviors: [{ type: "callback", value: { v: 1, verb: "ack", n: "k1" } }] },
    ],
  },
});

async function main() {
  const client = new lark.Client(app);
  const handlers = {
    "im.message.receive_v1": async (event) => { received.push(event); },
    "card.action.trigger": async (event) => {
      pressed.push(event);
      return { toast: { type: "success", content: "taken" }, card: { type: "raw", data: card("acknowledged", "yellow") } };
    },
  };
  const dispatcher = new lark.EventDispatcher({ loggerLevel: lark.LoggerLevel.fatal }).register(handlers);
  const connection = new lark.WSClient(app);

  const message = async () => {
    const before = received.length;
    const asked = await control("message", { chat: "oc_ops", sender: "ou_li", text: "pods -n shop" });
    must(asked.answer && asked.answer.code === 200, asked);
    must(received.length === before + 1, "the event did not arrive");
    must(JSON.parse(received.at(-1).message.content).text === "@_user_1 pods -n shop", received.at(-1));
    return asked.message_id;
  };
  const reconnects = async (how) => {
    const before = (await state()).bootstraps;
    await control("connection", { do: how });
    await until(async () => { const now = await state(); return now.bootstraps > before && now.connections.length; }, "a new connection");
    await message();
  };

  await step("connects by the long connection", async () => {
    connection.start({ eventDispatcher: dispatcher });
    await until(async () => (await state()).connections.length, "the connection");
  });
  const asked = await step("receives a message and acknowledges it", message);
  await step("answers it", async () => {
    const answer = await client.im.v1.message.reply({ path: { message_id: asked },
      data: { msg_type: "text", content: JSON.stringify({ text: "pods …" }), uuid: "r-1" } });
    must(answer.code === 0, answer);
  });
  const sent = await step("sends a card once for one uuid", async () => {
    const request = { params: { receive_id_type: "chat_id" },
      data: { receive_id: "oc_ops", msg_type: "interactive", content: JSON.stringify(card("firing", "red")), uuid: "al-1" } };
    const first = await client.im.v1.message.create(request), again = await client.im.v1.message.create(request);
    must(first.data.message_id === again.data.message_id, "the same uuid made two messages");
    return first.data.message_id;
  });
  await step("changes the card in place", async () => {
    const answer = await client.im.v1.message.patch({ path: { message_id: sent },
      data: { content: JSON.stringify(card("changed", "orange")) } });
    must(answer.code === 0, answer);
  });
  await step("is pressed, and answers with a toast and a card", async () => {
    const answer = await control("press", { message_id: sent, label: "Acknowledge", operator: "ou_li" });
    must(answer.toast && answer.toast.content === "taken" && answer.card, answer);
    must(pressed.at(-1).action.value.n === "k1" && pressed.at(-1).context.open_message_id === sent, pressed.at(-1));
  });
  await step("joins fragments that come in any order", async () => {
    await control("connection", { do: "fragments", count: 5 });
    await message();
    await control("connection", { do: "fragments", count: 1 });
  });
  await step("reconnects after a goodbye", () => reconnects("close"));
  await step("reconnects after a break", () => reconnects("abort"));
  await step("is refused a card with an unknown property", async () => {
    const bad = card("bad", "red");
    bad.body.elements[0].nonsense = 1;
    const refused = await client.im.v1.message.create({ params: { receive_id_type: "chat_id" },
      data: { receive_id: "oc_ops", msg_type: "interactive", content: JSON.stringify(bad) } }).catch((error) => error.response.data);
    must(refused.code === 230099 && refused.msg.includes("200621"), refused);
  });
  await step("opens, verifies and answers what is posted to an address", async () => {
    const encryptKey = "kudryavka", verificationToken = "v-1";
    const posted = new lark.EventDispatcher({ encryptKey, verificationToken, loggerLevel: lark.LoggerLevel.fatal }).register(handlers);
    const server = http.createServer(lark.adaptDefault("/posted", posted, { autoChallenge: true }));
    await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
    const url = `http://127.0.0.1:${server.address().port}/posted`;
    const asked = await control("callback", { url, key: encryptKey, token: verificationToken });
    must(asked.verified, asked);
    await message();
    const pressedOne = await control("press", { message_id: sent, label: "Acknowledge", operator: "ou_li" });
    must(pressedOne.toast && pressedOne.toast.content === "taken", pressedOne);
  });
  process.exit(failed ? 1 : 0);
}

main();
