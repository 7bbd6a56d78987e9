// The official Node client (@larksuiteoapi/node-sdk) as a puppet of the scenario: see play.py.
const lark = require("@larksuiteoapi/node-sdk");
const readline = require("readline");

const base = process.argv[2];
const app = { appId: "cli_a1b2c3d4e5f60718", appSecret: "Qw3rty-of-the-app", domain: base, loggerLevel: lark.LoggerLevel.fatal };
const client = new lark.Client(app);
const card = (title) => JSON.stringify({
  schema: "2.0",
  config: { update_multi: true },
  header: { template: "orange", title: { tag: "plain_text", content: title } },
  body: { elements: [{ tag: "button", text: { tag: "plain_text", content: "Acknowledge" },
                       behaviors: [{ type: "callback", value: { n: "k1" } }] }] },
});

const actions = {
  connect: async () => {
    const eventDispatcher = new lark.EventDispatcher({ loggerLevel: lark.LoggerLevel.fatal }).register({
      "im.message.receive_v1": async () => {},
      "card.action.trigger": async () => ({ toast: { type: "success", content: "taken" } }),
    });
    new lark.WSClient(app).start({ eventDispatcher });
    return { code: 0 };
  },
  send: () => client.im.v1.message.create({ params: { receive_id_type: "chat_id" },
    data: { receive_id: "oc_ops", msg_type: "interactive", content: card("firing") } }),
  reply: ({ message }) => client.im.v1.message.reply({ path: { message_id: message },
    data: { msg_type: "text", content: JSON.stringify({ text: "help" }) } }),
  change: ({ card: sent }) => client.im.v1.message.patch({ path: { message_id: sent }, data: { content: card("acknowledged") } }),
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const order = JSON.parse(line);
  const answer = await actions[order.do](order).catch((error) => error.response.data);
  console.log(JSON.stringify({ did: order.do, code: answer.code }));
});
