//! What holds for a node ([`Handle`]) or for each item of a map ([`PerItem`]).

use std::any::{Any, TypeId};
use std::sync::Arc;
use std::time::Duration;

use terrace_plugin_api::Value;

use super::handle::Handle;
use super::native;
use crate::policy::units;
use crate::policy::{Amount, IfFailed, Need, Policy, Retry};
use crate::problem::Problem;

/// How much of something: an integer, or decimal text such as `"0.05"`, so that nothing is rounded.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no amount",
    note = "an amount is an integer, or decimal text with at most six decimals: floats round"
)]
pub trait IntoAmount {
    /// In millionths.
    #[doc(hidden)]
    fn into_amount(self) -> Result<u64, String>;
}

impl IntoAmount for &str {
    fn into_amount(self) -> Result<u64, String> {
        units::amount(self).map_err(|mistake| mistake.to_string())
    }
}

impl IntoAmount for String {
    fn into_amount(self) -> Result<u64, String> {
        self.as_str().into_amount()
    }
}

macro_rules! integers {
    ($($integer:ty),*) => {$(
        impl IntoAmount for $integer {
            fn into_amount(self) -> Result<u64, String> {
                self.to_string().into_amount()
            }
        }
    )*};
}
integers!(i32, u32, i64, u64, usize);

/// Adds to what an attempt costs; a problem where the amount is none.
fn add_cost(policy: &mut Policy, of: &str, amount: Result<u64, String>) -> Option<Problem> {
    match amount {
        Ok(millionths) => {
            policy.cost.push(Amount { of: of.into(), millionths });
            None
        }
        Err(wrong) => Some(Problem::new(format!("`cost` of `{of}`: {wrong}"))),
    }
}

/// What holds for each item of a map: see [`super::MapBuilder::each`].
#[derive(Debug)]
#[must_use = "it is to be given back to the map"]
pub struct PerItem {
    policy: Policy,
    problems: Vec<Problem>,
}

impl PerItem {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy, problems: Vec::new() }
    }

    pub(super) fn done(self) -> (Policy, Vec<Problem>) {
        (self.policy, self.problems)
    }

    /// Tries a failed item again.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.policy.retry = Some(retry);
        self
    }

    /// Says how long one attempt may take.
    pub fn timeout(mut self, time: Duration) -> Self {
        self.policy.timeout = Some(time);
        self
    }

    /// Says how long all attempts of an item and the pauses between them may take together.
    pub fn total_timeout(mut self, time: Duration) -> Self {
        self.policy.total_timeout = Some(time);
        self
    }

    /// Takes part of a limit while the item runs.
    pub fn needs(mut self, limit: impl AsRef<str>, amount: u64) -> Self {
        self.policy.needs.push(Need { limit: limit.as_ref().into(), amount });
        self
    }

    /// Lets at most so many items run at once, in the whole run: in several runs of this map
    /// together, where it stands inside another.
    pub fn concurrency(mut self, most: u32) -> Self {
        self.policy.concurrency = Some(most);
        self
    }

    /// Takes so many workers for each item.
    pub fn cpus(mut self, workers: u32) -> Self {
        self.policy.cpus = Some(workers);
        self
    }

    /// Starts what has the higher number first; 0 where nothing is said.
    pub fn priority(mut self, priority: i32) -> Self {
        self.policy.priority = Some(priority);
        self
    }

    /// Says what one attempt costs, as an integer or decimal text.
    pub fn cost(mut self, of: impl AsRef<str>, amount: impl IntoAmount) -> Self {
        let added = add_cost(&mut self.policy, of.as_ref(), amount.into_amount());
        self.problems.extend(added);
        self
    }

    /// Says how long one attempt takes, as far as is known.
    pub fn expected(mut self, time: Duration) -> Self {
        self.policy.expected = Some(time);
        self
    }
}

/// # Policies
///
/// Of a map they hold for the whole; what holds for each of its items is said by
/// [`super::MapBuilder::each`].
///
/// ```
/// use std::time::Duration;
/// use terrace_core::{Limit, NoTasks, Retry, WorkflowBuilder};
///
/// let wf = WorkflowBuilder::new("weather");
/// wf.limit(Limit::concurrency("service", 4));
/// wf.budget("calls", 100);
/// let now = wf
///     .try_call(|| "21.5".parse::<f64>(), ())
///     .retry(Retry::attempts(3).exponential(Duration::from_secs(1), Duration::from_secs(10)))
///     .timeout(Duration::from_secs(5))
///     .total_timeout(Duration::from_secs(30))
///     .needs("service", 1)
///     .cost("calls", 1)
///     .fallback(20.0);
/// let alert = wf.call(|now: f64| now > 30.0, (&now,)).priority(5).optional();
/// let told = wf.call(|alert: Option<bool>| alert.unwrap_or(false), (&alert,)).checkpoint();
/// wf.output("told", &told);
/// # wf.build(&NoTasks)?;
/// # Ok::<(), terrace_core::Problems>(())
/// ```
impl<T> Handle<T> {
    /// Tries the node again when it has failed.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        self.on_policy("retry", |policy| policy.retry = Some(retry))
    }

    /// Says how long one attempt may take.
    #[must_use]
    pub fn timeout(self, time: Duration) -> Self {
        self.on_policy("timeout", |policy| policy.timeout = Some(time))
    }

    /// Says how long all attempts and the pauses between them may take together.
    #[must_use]
    pub fn total_timeout(self, time: Duration) -> Self {
        self.on_policy("total_timeout", |policy| policy.total_timeout = Some(time))
    }

    /// Takes part of a limit while the node runs: so many places or bytes. See
    /// [`super::WorkflowBuilder::limit`].
    #[must_use]
    pub fn needs(self, limit: impl AsRef<str>, amount: u64) -> Self {
        let need = Need { limit: limit.as_ref().into(), amount };
        self.on_policy("needs", |policy| policy.needs.push(need))
    }

    /// Lets at most so many of the node run at once, wherever in the run it stands: in several
    /// items of a map around it, in several passes of a loop.
    #[must_use]
    pub fn concurrency(self, most: u32) -> Self {
        self.on_policy("concurrency", |policy| policy.concurrency = Some(most))
    }

    /// Takes so many workers.
    #[must_use]
    pub fn cpus(self, workers: u32) -> Self {
        self.on_policy("cpus", |policy| policy.cpus = Some(workers))
    }

    /// Starts the node before what is ready and has a lower number; 0 where nothing is said.
    #[must_use]
    pub fn priority(self, priority: i32) -> Self {
        self.on_policy("priority", |policy| policy.priority = Some(priority))
    }

    /// Lets the node fail: what depends on it then goes on without its value. A parameter of type
    /// `Option` gets `None`, as for [`Handle::when`].
    #[must_use]
    pub fn optional(self) -> Self {
        self.ends_in(IfFailed::Absent)
    }

    /// Lets the node fail: what depends on it then gets this value instead.
    #[must_use]
    pub fn fallback(self, value: T) -> Self
    where
        T: Any + Send + Sync,
    {
        match self.kept(value) {
            Ok(value) => self.ends_in(IfFailed::Gives(value)),
            Err(message) => {
                self.shared().problem(Problem::new(format!("`fallback`: {message}")));
                self
            }
        }
    }

    /// Says what one attempt costs of a budget, as an integer or decimal text. See
    /// [`super::WorkflowBuilder::budget`].
    #[must_use]
    pub fn cost(self, of: impl AsRef<str>, amount: impl IntoAmount) -> Self {
        let (of, amount) = (of.as_ref(), amount.into_amount());
        let mut wrong = None;
        let handle = self.on_policy("cost", |policy| wrong = add_cost(policy, of, amount));
        if let Some(problem) = wrong {
            handle.shared().problem(problem);
        }
        handle
    }

    /// Says how long one attempt takes, as far as is known: for the order, previews and
    /// simulations.
    #[must_use]
    pub fn expected(self, time: Duration) -> Self {
        self.on_policy("expected", |policy| policy.expected = Some(time))
    }

    /// Lets the run pause for approval when the node has ended. Only in the outermost workflow of
    /// a run.
    #[must_use]
    pub fn checkpoint(self) -> Self {
        self.on_policy("checkpoint", |policy| policy.checkpoint = true)
    }

    fn on_policy(self, what: &str, say: impl FnOnce(&mut Policy)) -> Self {
        self.on_node(what, |node| {
            say(Arc::make_mut(node.policy.get_or_insert_default()));
        })
    }

    fn ends_in(self, end: IfFailed) -> Self {
        let mut twice = false;
        let handle = self.on_policy("optional` or `fallback", |policy| {
            twice = policy.if_failed != IfFailed::Fails;
            policy.if_failed = end;
        });
        if twice {
            let problem = Problem::new("a node was told twice what becomes of its failure")
                .with_help("its value is absent (`optional`) or the `fallback`: say one of them");
            handle.shared().problem(problem);
        }
        handle
    }

    /// A value as the node leaves one: as it is where a closure does so, else as data.
    fn kept(&self, value: T) -> Result<Value, String>
    where
        T: Any + Send + Sync,
    {
        let value = native::keep(value);
        if !self.path().is_empty() {
            return Err("it needs the handle of a whole node".to_owned());
        }
        if native::is_plain::<T>() || !self.form().is_data() {
            return Ok(value);
        }
        let codecs = self.shared().codecs();
        let Some(codec) = codecs.get(TypeId::of::<T>()) else {
            return Err(format!("there is no way to make data of {}", std::any::type_name::<T>()));
        };
        codec.encode.apply(value).map_err(|error| error.message().to_owned())
    }
}
