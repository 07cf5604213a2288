"""A purchase from end to end by the client that is generated from the API's description, as the package `jangteo`.

usage: journey.py URL. Exits 1 and says why when something does not answer as the client's types say.
"""

import sys
import time
from uuid import UUID, uuid4

from jangteo import AuthenticatedClient, Client
from jangteo.api.auth import get_me, login, signup
from jangteo.api.orders import get_order, list_order_events, list_orders, place_order
from jangteo.api.payments import get_payment, pay_order, refund_payment
from jangteo.api.products import create_product, get_product
from jangteo.models import (
    CardDetails, Login, Me, NewOrder, NewOrderItem, NewPayment, NewPaymentPaymentMethod, NewProduct, NewRefund, Order,
    HistoryEntryPage, OrderPage, OrderStatus, Payment, PaymentStatus, Problem, ProblemCode, Product, Refund,
    ShippingAddress, Signup, SignupRole, Tokens,
)

BASE = sys.argv[1]
PASSWORD = "correct horse 7"


def person(name: str, role: SignupRole) -> AuthenticatedClient:
    anyone, email = Client(BASE), f"{name}-{uuid4()}@example.com"
    account = signup.sync(client=anyone, body=Signup(email=email, password=PASSWORD, name=name, role=role))
    tokens = login.sync(client=anyone, body=Login(email=email, password=PASSWORD))
    assert isinstance(tokens, Tokens), tokens
    client = AuthenticatedClient(BASE, token=tokens.access_token, raise_on_unexpected_status=True)
    me = get_me.sync(client=client)
    assert isinstance(me, Me) and me.id == account.id, me
    return client


def becomes(client: AuthenticatedClient, order: UUID, status: OrderStatus) -> None:
    for _ in range(100):
        found = get_order.sync(order, client=client)
        if isinstance(found, Order) and found.status == status:
            return
        time.sleep(0.1)
    sys.exit(f"the order does not become {status}")


seller, buyer = person("kim", SignupRole.SELLER), person("alice", SignupRole.BUYER)
product = create_product.sync(client=seller, body=NewProduct(name="Green tea", category="tea", price=29.99, stock=10))
assert isinstance(product, Product), product
assert get_product.sync(product.id, client=buyer).available == 10

items = [NewOrderItem(product_id=product.id, quantity=2)]
wanted = NewOrder(items=items, shipping_address=ShippingAddress(street="123 Main St", city="Seoul", zip_code="12345"))
key = str(uuid4())
order = place_order.sync(client=buyer, body=wanted, idempotency_key=key)
assert isinstance(order, Order) and (order.status, order.total) == (OrderStatus.ORDERED, 59.98), order
assert place_order.sync(client=buyer, body=wanted, idempotency_key=key).id == order.id

card = CardDetails(number="4111111111111111", expiry="12/49", cvv="123")
method = NewPaymentPaymentMethod.CREDIT_CARD
body = NewPayment(order_id=order.id, amount=59.98, payment_method=method, card_details=card)
payment = pay_order.sync(client=buyer, body=body)
assert isinstance(payment, Payment) and payment.status == PaymentStatus.CAPTURED, payment
assert payment.card.last4 == "1111", payment
becomes(buyer, order.id, OrderStatus.PAID)

orders = list_orders.sync(client=seller, status=OrderStatus.PAID, limit=1)
assert isinstance(orders, OrderPage) and [found.id for found in orders.items] == [order.id], orders

refund = refund_payment.sync(payment.id, client=seller, body=NewRefund(reason="broken"))
assert isinstance(refund, Refund) and refund.amount == 59.98, refund
becomes(buyer, order.id, OrderStatus.REFUNDED)
assert get_payment.sync(payment.id, client=buyer).refunded == 59.98
history = list_order_events.sync(order.id, client=buyer)
assert isinstance(history, HistoryEntryPage) and history.items[0].type_ == "order.placed", history

problem = refund_payment.sync(payment.id, client=buyer, body=NewRefund(reason="again"))
assert isinstance(problem, Problem) and problem.code == ProblemCode.FORBIDDEN, problem
print(order.id)
