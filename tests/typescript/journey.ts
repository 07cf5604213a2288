// A purchase from end to end by the client that is generated from the API's description: what does not fit its types is
// no program, and what does not answer as they say ends it. The address comes from the environment as API.
import { createClient, createConfig, type Client } from "./client/client/index.js";
import {
  createProduct,
  getMe,
  getOrder,
  getPayment,
  getProduct,
  listOrderEvents,
  listOrders,
  login,
  payOrder,
  placeOrder,
  refundPayment,
  signup,
  type Order,
  type Problem,
} from "./client/index.js";

const baseUrl = process.env["API"];
const password = "correct horse 7";

/** The data of an answer that is no problem. */
function data<T>(answer: { data?: T; error?: unknown }): NonNullable<T> {
  if (answer.data === undefined || answer.data === null) throw new Error(JSON.stringify(answer.error));
  return answer.data;
}

function check(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

async function person(name: string, role: "BUYER" | "SELLER"): Promise<Client> {
  const anyone = createClient(createConfig({ baseUrl }));
  const email = `${name}-${Date.now()}@example.com`;
  const account = data(await signup({ client: anyone, body: { email, password, name, role } }));
  const { accessToken } = data(await login({ client: anyone, body: { email, password } }));
  const client = createClient(createConfig({ baseUrl, auth: accessToken }));
  check(data(await getMe({ client })).id === account.id, "one is who one signed up as");
  return client;
}

async function orderBecomes(client: Client, id: string, status: Order["status"]): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (data(await getOrder({ client, path: { id } })).status === status) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the order does not become ${status}`);
}

const seller = await person("kim", "SELLER");
const buyer = await person("alice", "BUYER");
const tea = { name: "Green tea", category: "tea", price: 29.99, stock: 10 };
const product = data(await createProduct({ client: seller, body: tea }));
check(data(await getProduct({ client: buyer, path: { id: product.id } })).available === 10, "all of it is on sale");

const shippingAddress = { street: "123 Main St", city: "Seoul", zipCode: "12345" };
const body = { items: [{ productId: product.id, quantity: 2 }], shippingAddress };
const headers = { "Idempotency-Key": crypto.randomUUID() };
const order = data(await placeOrder({ client: buyer, headers, body }));
check(order.status === "ORDERED" && order.total === 59.98, "it is ordered");
check(data(await placeOrder({ client: buyer, headers, body })).id === order.id, "once");

const cardDetails = { number: "4111111111111111", expiry: "12/49", cvv: "123" };
const wanted = { orderId: order.id, amount: 59.98, paymentMethod: "credit_card" as const, cardDetails };
const payment = data(await payOrder({ client: buyer, body: wanted }));
check(payment.status === "CAPTURED" && payment.card.last4 === "1111", "it is paid");
await orderBecomes(buyer, order.id, "PAID");

const orders = data(await listOrders({ client: seller, query: { status: "PAID", limit: 1 } }));
check(orders.items[0]?.id === order.id && orders.nextCursor === null, "its seller sees it");

const refunded = await refundPayment({ client: seller, path: { id: payment.id }, body: { reason: "broken" } });
check(data(refunded).amount === 59.98, "the money goes back");
await orderBecomes(buyer, order.id, "REFUNDED");
check(data(await getPayment({ client: buyer, path: { id: payment.id } })).refunded === 59.98, "all of it");
const history = data(await listOrderEvents({ client: buyer, path: { id: order.id } }));
check(typeof history !== "string" && history.items[0]?.type === "order.placed", "it all began with an order");

const { error } = await refundPayment({ client: buyer, path: { id: payment.id }, body: { reason: "again" } });
const problem: Problem | undefined = error;
check(problem?.code === "forbidden", "no buyer gives money back to themselves");
console.log(order.id);
