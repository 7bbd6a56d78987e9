// The official Node client (dingtalk-stream) as a puppet of the scenario: see play.py. Its hosts are constants: requests
// to them are sent to the fake. It has no cards and no tokens of the new API: those are called by hand.
const axios = require("axios");
const readline = require("readline");
const { DWClient, TOPIC_ROBOT, TOPIC_CARD } = require("dingtalk-stream");

const base = process.argv[2];
axios.interceptors.request.use((request) => {
  request.url = request.url.replace(/^https:\/\/(api|oapi)\.dingtalk\.com/, base);
  return request;
});
for (const name of ["log", "info", "warn", "debug"]) {
  const write = console[name];
  console[name] = (...what) => { if (String(what[0]).startsWith('{"did"')) write(...what); };
}

const received = [];
const client = new DWClient({ clientId: "dingapp1", clientSecret: "Qw3rty-of-the-app" });
client.registerCallbackListener(TOPIC_ROBOT, (frame) => {
  received.push(JSON.parse(frame.data));
  client.socketCallBackResponse(frame.headers.messageId, {});
});
client.registerCallbackListener(TOPIC_CARD, (frame) => client.socketCallBackResponse(frame.headers.messageId, {}));

const withToken = async (call) => {
  const made = await axios.post(`${base}/v1.0/oauth2/accessToken`, { appKey: "dingapp1", appSecret: "Qw3rty-of-the-app" });
  return call({ headers: { "x-acs-dingtalk-access-token": made.data.accessToken } });
};
const buttons = { msgButtons: [{ text: "Acknowledge", color: "blue", id: "nonce-1", request: true }] };

const actions = {
  connect: () => client.connect(),
  send: () => withToken((options) => axios.post(`${base}/v1.0/card/instances/createAndDeliver`, {
    cardTemplateId: "382e4302-551d-4880-bf29-a30acfab2e71.schema", outTrackId: "t-1", callbackType: "STREAM",
    cardData: { cardParamMap: { msgTitle: "firing", sys_full_json_obj: JSON.stringify(buttons) } },
    openSpaceId: "dtv1.card//IM_GROUP.cidops==", imGroupOpenDeliverModel: { robotCode: "dingapp1" } }, options)),
  reply: () => axios.post(received.at(-1).sessionWebhook, { msgtype: "markdown", markdown: { title: "help", text: "- help" } }),
  change: ({ card }) => withToken((options) => axios.put(`${base}/v1.0/card/instances`, {
    outTrackId: card, cardData: { cardParamMap: { msgTitle: "acknowledged" } },
    cardUpdateOptions: { updateCardDataByKey: true } }, options)),
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const order = JSON.parse(line);
  await actions[order.do](order).catch(() => {});
  console.log(JSON.stringify({ did: order.do }));
});
