// The official Node client (dingtalk-stream) in Klaw's place, in the same scenario as python_client.py. Its hosts are
// constants: requests to them are sent to the fake.
const axios = require("axios");
const { DWClient, TOPIC_ROBOT, TOPIC_CARD } = require("dingtalk-stream");

const base = process.argv[2];
axios.interceptors.request.use((request) => {
  request.url = request.url.replace(/^https:\/\/(api|oapi)\.dingtalk\.com/, base);
  return request;
});
for (const name of ["log", "info", "warn", "debug"]) {
  const write = console[name];
  console[name] = (...what) => { if (String(what[0]).startsWith('{"step"')) write(...what); };
}

const received = [], pressed = [];
let failed = false;
const control = async (path, what) =>
  (await fetch(`${base}/_fake/${path}`, { method: "POST", body: JSON.stringify(what) })).json();
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
    await action();
    console.log(JSON.stringify({ step: name, ok: true, detail: "" }));
  } catch (error) {
    failed = true;
    console.log(JSON.stringify({ step: name, ok: false, detail: error.stack }));
  }
}

async function main() {
  const client = new DWClient({ clientId: "dingapp1", clientSecret: "Qw3rty-of-the-app" });
  client.registerCallbackListener(TOPIC_ROBOT, (frame) => {
    received.push(JSON.parse(frame.data));
    client.socketCallBackResponse(frame.headers.messageId, {});
  });
  client.registerCallbackListener(TOPIC_CARD, (frame) => {
    pressed.push(JSON.parse(frame.data));
    client.socketCallBackResponse(frame.headers.messageId, {
      cardUpdateOptions: { updateCardDataByKey: true }, cardData: { cardParamMap: { msgTitle: "acknowledged" } } });
  });

  const message = async () => {
    const before = received.length;
    const asked = await control("message", { chat: "cidops==", sender: "li", text: "pods -n shop" });
    must(asked.answer && asked.answer.code === 200 && received.length === before + 1, asked);
    must(received.at(-1).text.content.trim() === "pods -n shop" && received.at(-1).senderStaffId === "li", received.at(-1));
  };
  const reconnects = async (how) => {
    const before = (await state()).registrations;
    await control("connection", { do: how, grace: 0.5 });
    await until(async () => { const now = await state();
      return now.registrations > before && now.connections.some((each) => !each.leaving); }, "a new connection");
    await message();
  };

  await step("connects in Stream mode", async () => {
    await client.connect();
    await until(async () => (await state()).connections.length, "the connection");
  });
  await step("receives a message and acknowledges it", message);
  await step("answers through the session's address", async () => {
    const answer = await axios.post(received.at(-1).sessionWebhook, { msgtype: "markdown", markdown: { title: "pods", text: "- web" } });
    must(answer.data.errcode === 0, answer.data);
  });
  await step("is pressed, and its answer changes the card", async () => {
    const token = await client.getAccessToken();
    must(token, "no token");
    const created = await axios.post(`${base}/v1.0/oauth2/accessToken`, { appKey: "dingapp1", appSecret: "Qw3rty-of-the-app" });
    const full = { order: ["msgTitle", "msgButtons"], msgButtons: [{ text: "Acknowledge", color: "blue", id: "nonce-1", request: true }] };
    await axios.post(`${base}/v1.0/card/instances/createAndDeliver`, {
      cardTemplateId: "382e4302-551d-4880-bf29-a30acfab2e71.schema", outTrackId: "t-1", callbackType: "STREAM",
      cardData: { cardParamMap: { msgTitle: "firing", sys_full_json_obj: JSON.stringify(full) } },
      openSpaceId: "dtv1.card//IM_GROUP.cidops==", imGroupOpenDeliverModel: { robotCode: "dingapp1" } },
    { headers: { "x-acs-dingtalk-access-token": created.data.accessToken } });
    const result = await control("press", { card: "t-1", label: "Acknowledge", operator: "li" });
    must(result.code === 200, result);
    must((await state()).cards[0].versions.at(-1).parameters.msgTitle === "acknowledged", "the card did not change");
  });
  await step("moves to a new connection when asked to", () => reconnects("disconnect"));
  await step("reconnects after a goodbye", () => reconnects("close"));
  process.exit(failed ? 1 : 0);
}

main();
