// The official JavaScript clients against `klaw mcp`: the one that shakes hands, and the newer one that asks first.
// Usage: node node_client.mjs KLAW DATA URL TOKEN
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [klaw, data, url, token] = process.argv.slice(2);
const modules = createRequire(path.join(process.env.KLAW_NODE_MODULES, "x.js"));
const load = (name) => import(pathToFileURL(modules.resolve(name)).href);
const sdk = await load("@modelcontextprotocol/sdk/client/index.js");
const sdkStdio = await load("@modelcontextprotocol/sdk/client/stdio.js");
const sdkHttp = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const newer = await load("@modelcontextprotocol/client");
const newerStdio = await load("@modelcontextprotocol/client/stdio");

const command = { command: klaw, args: ["mcp", "--data", data, "--as", "reader"], env: process.env };
const http = (Transport) => new Transport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } });
const info = { name: "referee", version: "1.0.0" };

async function read(client, transport) {
    await client.connect(transport);
    const { tools } = await client.listTools();
    const listed = await client.callTool({ name: "status_get", arguments: {} });
    if (listed.isError || !listed.structuredContent.untrusted) throw new Error(JSON.stringify(listed));
    if (listed.content[0].text !== JSON.stringify(listed.structuredContent, null, 2))
        throw new Error("the text is not what JavaScript makes of the structure");
    const refused = await client.callTool({ name: "resources_list", arguments: { kind: "exec" } });
    if (!refused.isError) throw new Error(JSON.stringify(refused));
    await client.close();
    return `${tools.length} tools`;
}

let fine = true;
async function step(name, action) {
    try {
        console.log(JSON.stringify({ step: name, ok: true, detail: await action() }));
    } catch (error) {
        fine = false;
        console.log(JSON.stringify({ step: name, ok: false, detail: String(error?.stack ?? error) }));
    }
}

await step("sdk, stdio", () => read(new sdk.Client(info), new sdkStdio.StdioClientTransport(command)));
await step("sdk, HTTP", () => read(new sdk.Client(info), http(sdkHttp.StreamableHTTPClientTransport)));
const asking = () => new newer.Client(info, { versionNegotiation: { mode: "auto" } });
await step("client, stdio, asks first", () => read(asking(), new newerStdio.StdioClientTransport(command)));
await step("client, HTTP, asks first", () => read(asking(), http(newer.StreamableHTTPClientTransport)));
await step("client, stdio, shakes hands", () => read(new newer.Client(info), new newerStdio.StdioClientTransport(command)));
process.exit(fine ? 0 : 1);
