//! [`Redactor`]: keeps the values of secret inputs out of everything written or printed.
//!
//! It knows the secrets' text and replaces it wherever it stands, so that a token that travelled
//! through a task into an error message or an output is masked there too. What a task does to a
//! secret (hashing, encoding) it cannot see.
//!
//! Secrets of workflows inside nodes become known while a run goes on: whoever binds their inputs
//! adds them ([`Redactor::learn`]), before anything inside starts. All clones of a redactor share
//! what it knows, so that it masks from then on wherever one is held.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use terrace_plugin_api::Value;

use crate::workflow::Workflow;

/// What stands in for a secret.
const MASK: &str = "***";

/// Replaces the values of secret inputs in text and values. Cloning shares what it knows.
#[derive(Clone, Default)]
pub struct Redactor(Arc<RwLock<Secrets>>);

/// Kept so that a map over many secrets adds each in little time.
type Secrets = BTreeSet<Secret>;

/// Longest first, so that a secret inside another does not leave the rest of it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Secret(Reverse<usize>, String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Reverse(text.len()), text)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("secrets", &self.secrets().len()).finish()
    }
}

impl Redactor {
    /// Collects the secrets among the inputs' values, given in the workflow's order.
    pub fn new(workflow: &Workflow, inputs: &[Value]) -> Self {
        let redactor = Self::default();
        redactor.learn(workflow, inputs);
        redactor
    }

    /// Adds the secrets among the inputs' values of another workflow, such as one inside a node.
    /// Costs little where there are none.
    pub fn learn(&self, workflow: &Workflow, inputs: &[Value]) {
        let mut texts = Vec::new();
        for (input, value) in workflow.inputs().iter().zip(inputs) {
            if input.secret {
                collect(value, &mut texts);
            }
        }
        if texts.is_empty() {
            return;
        }
        let texts: Vec<Secret> = texts.into_iter().map(Secret::from).collect();
        // Most are known: the same workflow runs again, or hands its secret on.
        let new = {
            let secrets = self.secrets();
            texts.iter().any(|text| !secrets.contains(text))
        };
        if new {
            self.0.write().unwrap_or_else(PoisonError::into_inner).extend(texts);
        }
    }

    fn secrets(&self) -> RwLockReadGuard<'_, Secrets> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is nothing to mask.
    pub fn is_empty(&self) -> bool {
        self.secrets().is_empty()
    }

    /// The text with every secret masked.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        mask(&self.secrets(), text)
    }

    /// The value with every secret masked, in keys too.
    pub fn mask_value(&self, value: &Value) -> Value {
        let secrets = self.secrets();
        if secrets.is_empty() { value.clone() } else { mask_value(&secrets, value) }
    }
}

fn mask<'a>(secrets: &Secrets, text: &'a str) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    for Secret(_, secret) in secrets {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), MASK));
        }
    }
    text
}

fn mask_value(secrets: &Secrets, value: &Value) -> Value {
    match value {
        Value::Str(text) => match mask(secrets, text) {
            Cow::Borrowed(_) => value.clone(),
            Cow::Owned(masked) => Value::from(masked),
        },
        Value::I64(_) | Value::U64(_) | Value::F64(_) => {
            let secret = scalar(value).is_some_and(|text| secrets.contains(&text.into()));
            if secret { Value::from(MASK) } else { value.clone() }
        }
        Value::Bytes(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            let secret = secrets.iter().any(|Secret(_, secret)| text.contains(secret.as_str()));
            if secret { Value::from(MASK) } else { value.clone() }
        }
        // Masked parts are no deeper, and masked keys stay apart by a number.
        Value::List(items) => {
            let items = items.iter().map(|item| mask_value(secrets, item)).collect();
            Value::list(items).unwrap_or_default()
        }
        Value::Map(map) => {
            let mut entries: Vec<(String, Value)> = Vec::with_capacity(map.len());
            let mut taken: HashSet<String> = HashSet::new();
            for (key, item) in map.iter() {
                let mut masked = mask(secrets, key).into_owned();
                while masked != key && !taken.insert(masked.clone()) {
                    masked.push('*');
                }
                entries.push((masked, mask_value(secrets, item)));
            }
            Value::map(entries).unwrap_or_else(|_| Value::from(MASK))
        }
        other => other.clone(),
    }
}

/// A number as text, when it is long enough to be a secret rather than a coincidence.
fn scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::I64(number) => number.to_string(),
        Value::U64(number) => number.get().to_string(),
        Value::F64(number) => format!("{number:?}"),
        _ => return None,
    };
    (text.len() >= 4).then_some(text)
}

fn collect(value: &Value, secrets: &mut Vec<String>) {
    match value {
        Value::Str(text) if !text.is_empty() => {
            secrets.push(text.as_str().to_owned());
            // As it stands in JSON and in debug output, where it has characters to escape.
            for escaped in
                [serde_json::Value::from(text.as_str()).to_string(), format!("{:?}", text.as_str())]
            {
                let inner = escaped[1..escaped.len() - 1].to_owned();
                if inner != text.as_str() {
                    secrets.push(inner);
                }
            }
            // A task may quote only one line of it.
            let lines = text.lines().map(str::trim).filter(|line| line.len() >= 8);
            secrets.extend(lines.map(str::to_owned));
        }
        Value::Bytes(bytes) => {
            if let Ok(text) = std::str::from_utf8(bytes) {
                collect(&Value::from(text), secrets);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, secrets)),
        Value::Map(map) => {
            for (key, item) in map.iter() {
                collect(&Value::from(key), secrets);
                collect(item, secrets);
            }
        }
        other => secrets.extend(scalar(other)),
    }
}
