// Generates `client` from `openapi.json`, both beside this file; Node.js wants the extensions of what is imported.
export default { input: "openapi.json", output: { path: "client", importFileExtension: ".js" } };
