//! The body of every error.

use std::borrow::Cow;

use contract::Id;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{Code, FieldError, Problem};

impl JsonSchema for Problem {
    fn schema_name() -> Cow<'static, str> {
        "Problem".into()
    }

    /// The members that all have, and those that some codes add ([`Problem::with`]).
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (code, id) = (generator.subschema_for::<Code>(), generator.subschema_for::<Id<()>>());
        let errors = generator.subschema_for::<Vec<FieldError>>();
        let decimal = generator.subschema_for::<money::Decimal>();
        let text = |about: &str| json_schema!({ "type": "string", "description": about });
        json_schema!({
            "type": "object",
            "description": "RFC 9457. Which of the members from `errors` on it has, follows from its code.",
            "required": ["type", "title", "status", "detail", "instance", "code", "requestId"],
            "properties": {
                "type": {
                    "type": "string",
                    "pattern": "^urn:jangteo:problem:[a-z_]+$",
                    "description": "`urn:jangteo:problem:<code>`.",
                },
                "title": text("The same for every problem of this code."),
                "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                "detail": text("This case, for a person."),
                "instance": text("The request's path."),
                "code": code,
                "requestId": text("Also in the header X-Request-Id."),
                "errors": errors,
                "permission": text("`forbidden`: what the caller lacks."),
                "from": text("`invalid_transition`: the state that it is in."),
                "to": text("`invalid_transition`: the state that it does not go to."),
                "productId": text(
                    "`price_changed`, and `validation_failed` of what is not on sale: the product, as it was named."
                ),
                "price": decimal,
                "lines": {
                    "type": "array",
                    "description": "`out_of_stock`: what is left of each.",
                    "items": {
                        "type": "object",
                        "required": ["productId", "requested", "available"],
                        "properties": {
                            "productId": id,
                            "requested": { "type": "integer" },
                            "available": { "type": "integer" },
                        },
                    },
                },
                "paymentId": id,
                "paymentStatus": text("Of that payment."),
                "refundId": id,
                "declineCode": text("`card_declined`, `refund_declined`: why."),
                "providerCode": text("The provider's own word for it."),
                "retryable": { "type": "boolean", "description": "`card_declined`: whether another try may succeed." },
                "currency": text("`currency_not_supported`: the currency."),
                "step": decimal,
                "index": { "type": "integer", "description": "Of an event within a batch." },
                "attribute": text("Of an event: which one is wrong."),
                "limit": { "type": "integer", "description": "`payload_too_large`: bytes." },
            },
        })
    }
}

impl JsonSchema for Code {
    fn schema_name() -> Cow<'static, str> {
        "ProblemCode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = Self::ALL.iter().map(|code| code.name).collect();
        json_schema!({ "type": "string", "enum": names, "description": "Stable: clients switch on it." })
    }
}
