// An edge node by the npm package sparkplug-client: node edge.js URL GROUP EDGE. Says each birth on its standard output;
// each line of its standard input is JSON of metric → value, sent as data by alias.
const { newClient } = require("sparkplug-client");
const readline = require("node:readline");

const [, , serverUrl, groupId, edgeNode] = process.argv;
const ALIASES = { FLOW: 1, "area/level": 2 };
const values = { FLOW: 1, "area/level": 40 };
const options = { serverUrl, groupId, edgeNode, username: "", password: "", clientId: edgeNode, version: "spBv1.0" };
const client = newClient(options);

const metric = (name, more) => ({ alias: ALIASES[name], type: "Double", value: values[name], ...more });

function bear() {
  const names = Object.keys(ALIASES);
  client.publishNodeBirth({
    timestamp: Date.now(),
    metrics: names.map((name) => metric(name, { name, properties: { engUnit: { type: "String", value: name === "FLOW" ? "l/h" : "%" } } })),
  });
  console.log("birth");
}

client.on("birth", bear);
client.on("ncmd", (payload) => {
  if (payload.metrics?.some((one) => one.name === "Node Control/Rebirth" && one.value)) bear();
});
client.on("error", (error) => {
  console.error(String(error));
  process.exit(1);
});
readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const given = JSON.parse(line);
  const { compress, ...changed } = given;
  Object.assign(values, changed);
  const metrics = Object.keys(changed).map((name) => metric(name));
  client.publishNodeData({ timestamp: Date.now(), metrics }, { compress });
});
