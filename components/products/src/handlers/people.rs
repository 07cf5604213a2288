//! What auth tells of people: who is disabled or erased changes nothing here any more, and nobody buys from them.

use events::{CloudEvent, person};

use crate::error::Error;
use crate::store::{self as products, DB};

/// What `event` says of somebody is so from now on, unless newer news came before it.
pub async fn told(event: &CloudEvent, actor: String) -> Result<(), Error> {
    let Some(answer) = person(event, actor) else { return Ok(()) };
    match DB.append(answer).await {
        Err(error) if products::is_answered(&error) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
