// Reads the page at $API/docs in Debian's chromium, logs in by $TOKEN, and tries operations. Fails when the page says
// anything in the console or asks another host.
const assert = require("node:assert/strict");
const { execFileSync } = require("node:child_process");
const { chromium } = require("playwright-core");

const { API, TOKEN } = process.env;

function browser() {
  let path;
  try {
    path = execFileSync("sh", ["-c", "command -v chromium || command -v google-chrome"], { encoding: "utf8" }).trim();
  } catch {
    throw new Error("chromium is missing (Debian: apt-get install chromium)");
  }
  // Chromium's sandbox refuses to run as root.
  return chromium.launch({ executablePath: path, chromiumSandbox: process.getuid() !== 0 });
}

/** The operations of the description: how many there are, and of which tags. */
async function described() {
  const { paths, tags } = await (await fetch(`${API}/openapi.json`)).json();
  const items = Object.values(paths).flatMap((item) => Object.values(item));
  return { operations: items.filter((operation) => operation.operationId).length, tags: tags.length };
}

/** What "Try it out" of an operation answers. */
async function attempt(page, tag, id) {
  const operation = page.locator(`#operations-${tag}-${id}`);
  await operation.locator(".opblock-summary-control").click();
  await operation.getByRole("button", { name: "Try it out" }).click();
  await operation.getByRole("button", { name: "Execute" }).click();
  const answer = operation.locator(".live-responses-table .response");
  const status = await answer.locator(".response-col_status").innerText();
  const body = await answer.locator(".response-col_description code").first().innerText();
  return { status: status.trim(), body: JSON.parse(body) };
}

async function logIn(page) {
  await page.locator(".auth-wrapper .authorize").click();
  await page.locator(".auth-container input").fill(TOKEN);
  await page.locator(".auth-btn-wrapper .authorize").click();
  await page.locator(".auth-btn-wrapper .btn-done").click();
}

async function main() {
  const running = await browser();
  const page = await running.newPage();
  const said = [];
  const elsewhere = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== "data:" && origin !== new URL(API).origin) elsewhere.push(request.url());
  });

  await page.goto(`${API}/docs/`);
  const tags = page.locator(".opblock-tag");
  await tags.first().waitFor();
  const { operations, tags: groups } = await described();
  assert.equal(await tags.count(), groups);
  for (const tag of await tags.all()) await tag.click();
  await page.locator(".opblock").nth(operations - 1).waitFor();
  assert.equal(await page.locator(".opblock").count(), operations);

  const products = await attempt(page, "products", "listProducts");
  assert.equal(products.status, "200");
  assert.ok(products.body.items.length > 0);
  await logIn(page);
  const me = await attempt(page, "auth", "getMe");
  assert.equal(me.status, "200");
  assert.deepEqual(me.body.roles, ["BUYER"]);

  assert.deepEqual(said, []);
  assert.deepEqual(elsewhere, []);
  await running.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
