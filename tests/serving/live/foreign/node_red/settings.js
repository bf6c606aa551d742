// Loopback, nothing shared, no editor: the flow alone.
module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.NODE_RED_PORT),
  httpAdminRoot: false,
  diagnostics: { enabled: false },
  telemetry: { enabled: false, updateNotification: false },
};
