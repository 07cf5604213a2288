// Serves a page at 127.0.0.1:$PORT, and has Debian's chromium show it. Its script logs in at $API, which is another
// origin, orders $PRODUCT, and reads the order with its tag. Prints what the page saw, as JSON.
const { execFileSync } = require("node:child_process");
const http = require("node:http");
const { chromium } = require("playwright-core");

const { API, EMAIL, PASSWORD, PORT, PRODUCT } = process.env;

async function shop({ api, email, password, product }) {
  const post = (path, token, body) =>
    fetch(api + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}`, "Idempotency-Key": "k" },
      body: JSON.stringify(body),
    });
  try {
    const { accessToken } = await (await post("/api/auth/login", "", { email, password })).json();
    const shippingAddress = { street: "1 Main St", city: "Seoul", zipCode: "12345" };
    const placed = await post("/api/orders", accessToken, { items: [{ productId: product, quantity: 1 }], shippingAddress });
    const order = await fetch(api + placed.headers.get("location"), { headers: { Authorization: `Bearer ${accessToken}` } });
    const lost = await fetch(`${api}/api/orders/x`, { headers: { Authorization: `Bearer ${accessToken}` } });
    const { status } = await order.json();
    return { placed: placed.status, tag: order.headers.get("etag"), status, lost: (await lost.json()).code };
  } catch (error) {
    return { refused: String(error) };
  }
}

function executable() {
  return execFileSync("sh", ["-c", "command -v chromium || command -v google-chrome"], { encoding: "utf8" }).trim();
}

(async () => {
  const server = http.createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html>"));
  await new Promise((ready) => server.listen(Number(PORT), "127.0.0.1", ready));
  // Chromium's sandbox refuses to run as root.
  const browser = await chromium.launch({ executablePath: executable(), chromiumSandbox: process.getuid() !== 0 });
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${PORT}/`);
  console.log(JSON.stringify(await page.evaluate(shop, { api: API, email: EMAIL, password: PASSWORD, product: PRODUCT })));
  await browser.close();
  server.close();
})();
