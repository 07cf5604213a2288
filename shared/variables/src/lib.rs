//! The deployment's variables (settings) as typed items.
//!
//! A component declares each variable that it reads once, as a `static` [`Variable`] with a name, a default and a
//! reading from [`read`] that knows its bounds. `edge::serve` checks all of them at an instance's first request and
//! answers 503 `misconfigured` until they are fit; a handler gets the value from the same item, without a default of
//! its own.
//!
//! ```text
//! pub static SIGNUP_LIMIT: Variable<i64> =
//!     Variable::new("signup_limit", "500", |text| read::integer(text, 0..=1_000_000));
//! ```

pub mod read;

use std::pin::Pin;
use std::sync::OnceLock;

use spin_sdk::variables;

/// A variable of the deployment and what it may be.
pub struct Variable<T> {
    name: &'static str,
    default: &'static str,
    read: fn(&str) -> Result<T, String>,
    value: OnceLock<T>,
}

/// What is wrong with a variable, such as `signup_limit must be a whole number from 0 to 1000000`. Begins with the
/// name, and never shows the value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unfit(pub String);

impl<T> Variable<T> {
    /// The variable `name`. `default` is what it is for a component that the manifest does not give it: the default of
    /// `spin.toml`. `read` says what is wrong with a text (without showing it), such as `must not be empty`.
    pub const fn new(name: &'static str, default: &'static str, read: fn(&str) -> Result<T, String>) -> Self {
        Self { name, default, read, value: OnceLock::new() }
    }

    /// The variable's value, read at the instance's first call.
    ///
    /// # Errors
    /// [`Unfit`] when it cannot be read or is out of its bounds. Within a request that `edge::serve` let through, it
    /// is not.
    pub async fn get(&self) -> Result<&T, Unfit> {
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        self.take(&text(self.name, self.default).await?)
    }

    fn take(&self, text: &str) -> Result<&T, Unfit> {
        let value = (self.read)(text).map_err(|what| unfit_by(self.name, &what))?;
        Ok(self.value.get_or_init(|| value))
    }
}

/// A variable, whatever its type.
trait Readable: Sync {
    /// Its name and default, unless it was read before.
    fn unread(&self) -> Option<(&'static str, &'static str)>;
    /// What is wrong with the text.
    fn read(&self, text: &str) -> Option<Unfit>;
}

impl<T: Send + Sync> Readable for Variable<T> {
    fn unread(&self) -> Option<(&'static str, &'static str)> {
        self.value.get().is_none().then_some((self.name, self.default))
    }

    fn read(&self, text: &str) -> Option<Unfit> {
        self.take(text).err()
    }
}

async fn unfit_of(variable: &dyn Readable) -> Vec<Unfit> {
    let Some((name, default)) = variable.unread() else { return Vec::new() };
    match text(name, default).await {
        Ok(text) => variable.read(&text).into_iter().collect(),
        Err(unfit) => vec![unfit],
    }
}

/// What the variable says. Boxed, and apart from the types of values: a component has this code once.
fn text(
    name: &'static str,
    default: &'static str,
) -> Pin<Box<dyn Future<Output = Result<String, Unfit>> + Send>> {
    Box::pin(async move {
        match variables::get(name).await {
            Ok(text) => Ok(text),
            Err(variables::Error::Undefined(_)) => Ok(default.to_owned()),
            // Not taken for one that is not set: another value would be used.
            Err(_) => Err(unfit_by(name, "cannot be read")),
        }
    })
}

fn unfit_by(name: &str, what: &str) -> Unfit {
    Unfit(format!("{name} {what}"))
}

/// The answer of a [`Check`]: what is wrong, one line each.
pub type Found<'a> = Pin<Box<dyn Future<Output = Vec<Unfit>> + Send + 'a>>;

/// A condition that must hold before a component serves.
pub trait Check: Sync {
    /// What is wrong now; nothing when all is well.
    fn check(&self) -> Found<'_>;

    /// Whether to ask only when all else is well, because it takes all else.
    fn comes_last(&self) -> bool {
        false
    }
}

impl<T: Send + Sync> Check for Variable<T> {
    fn check(&self) -> Found<'_> {
        Box::pin(unfit_of(self))
    }
}

/// A rule about several variables, or about what they stand for.
pub struct Rule(pub fn() -> Found<'static>);

impl Check for Rule {
    fn check(&self) -> Found<'_> {
        (self.0)()
    }
}

/// A rule that asks other components.
pub struct Last(pub fn() -> Found<'static>);

impl Check for Last {
    fn check(&self) -> Found<'_> {
        (self.0)()
    }

    fn comes_last(&self) -> bool {
        true
    }
}

/// Some of a component's checks.
pub type Checks = &'static [&'static dyn Check];

/// All that is wrong with these: with those that [come last](Check::comes_last), or with the others.
pub async fn unfit(checks: impl IntoIterator<Item = Checks>, last: bool) -> Vec<Unfit> {
    let mut found = Vec::new();
    for check in checks.into_iter().flatten().filter(|check| check.comes_last() == last) {
        found.extend(check.check().await);
    }
    found
}
