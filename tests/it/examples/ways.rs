//! Running an example: both orders, one worker and two; and what a run's document says of when its
//! nodes and items ran. Nothing here looks at a clock.

use serde_json::{Value, json};
use terrace_tests::{Ran, command, ran, root, terrace};

use crate::support::{document, node};

/// A workflow file in `examples/`.
pub(super) struct Example {
    pub(super) name: &'static str,
}

/// The documents of some runs that ended alike.
pub(super) struct Runs {
    pub(super) documents: Vec<Value>,
}

impl Example {
    /// Its path, from the repository's root.
    pub(super) fn file(&self) -> String {
        format!("examples/{}.yaml", self.name)
    }

    /// Runs it with further arguments.
    pub(super) fn once(&self, args: &[&str]) -> Runs {
        Runs { documents: vec![self.run(args, 0)] }
    }

    /// Runs it in both orders, each with one worker and with two.
    pub(super) fn every_way(&self, args: &[&str]) -> Runs {
        self.ways(args, 0)
    }

    /// Runs it in all these ways, in which it ends with a code.
    pub(super) fn every_way_failing(&self, args: &[&str], code: i32) -> Runs {
        self.ways(args, code)
    }

    /// Runs it in another folder than the repository's.
    pub(super) fn elsewhere(&self) -> Runs {
        let folder = tempfile::tempdir().unwrap();
        let file = root().join(self.file());
        let mut command = command();
        command.arg("run").arg(file).arg("--json").current_dir(folder.path());
        Runs { documents: vec![self.read(&ran(command.output()), 0)] }
    }

    fn ways(&self, args: &[&str], code: i32) -> Runs {
        let mut documents = Vec::new();
        for order in ["dataflow", "levels"] {
            for workers in ["1", "2"] {
                let mut all = vec!["--order", order, "--workers", workers];
                all.extend_from_slice(args);
                let document = self.run(&all, code);
                assert_eq!(document["order"], order);
                assert_eq!(document["workers"].to_string(), workers);
                documents.push(document);
            }
        }
        Runs { documents }
    }

    fn run(&self, args: &[&str], code: i32) -> Value {
        let file = self.file();
        let mut all = vec!["run", &file, "--json"];
        all.extend_from_slice(args);
        self.read(&terrace(&all), code)
    }

    fn read(&self, ran: &Ran, code: i32) -> Value {
        assert_eq!(ran.code, code, "{}: {}", self.name, ran.stderr);
        let document = document(ran);
        let status = match code {
            0 => "succeeded",
            5 => "limit_reached",
            _ => "failed",
        };
        assert_eq!(document["status"], status);
        document
    }
}

impl Runs {
    pub(super) fn first(&self) -> &Value {
        &self.documents[0]
    }

    /// Each run gave these outputs, in this order.
    #[track_caller]
    pub(super) fn gives(&self, expected: Value) -> &Self {
        for document in &self.documents {
            let found = &document["outputs"];
            assert!(alike(found, &expected), "{found} is not {expected}");
        }
        self
    }

    /// Its levels are so wide.
    #[track_caller]
    pub(super) fn levels(&self, widths: &[u64]) -> &Self {
        for document in &self.documents {
            assert_eq!(document["levels"], json!(widths));
        }
        self
    }
}

/// Whether values are the same, keys in the same order; floats within 1e-9.
fn alike(found: &Value, expected: &Value) -> bool {
    match (found, expected) {
        (Value::Number(a), Value::Number(b)) if a.is_f64() && b.is_f64() => {
            let difference = a.as_f64().zip(b.as_f64()).map(|(a, b)| (a - b).abs());
            difference.is_some_and(|difference| difference < 1e-9)
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| alike(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|((key, a), (other, b))| key == other && alike(a, b))
        }
        _ => found == expected,
    }
}

#[test]
fn values_are_alike_with_their_keys_in_order_and_floats_within_1e_9() {
    assert!(alike(&json!({ "a": [1, 0.5] }), &json!({ "a": [1, 0.500_000_000_1] })));
    for (a, b) in [
        (json!(1.0), json!(1.000_000_01)),
        (json!(1), json!(1.0)),
        (json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 })),
        (json!([1]), json!([1, 2])),
        (json!(null), json!({})),
    ] {
        assert!(!alike(&a, &b), "{a} {b}");
    }
}

/// From when to when something ran, in seconds since the run began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) start: f64,
    pub(super) end: f64,
}

/// When the nodes and items whose names are picked ran.
pub(super) fn spans(document: &Value, pick: impl Fn(&str) -> bool) -> Vec<Span> {
    let nodes = document["nodes"].as_array().unwrap();
    nodes.iter().filter(|node| pick(node["name"].as_str().unwrap())).map(span).collect()
}

fn span(node: &Value) -> Span {
    let start = node["started"].as_f64().unwrap();
    Span { start, end: start + node["seconds"].as_f64().unwrap() }
}

/// How many of them ran at once, at most.
pub(super) fn at_once(spans: &[Span]) -> usize {
    // Most run at the start of one of them.
    let running = |at: f64| spans.iter().filter(|span| span.start <= at && at < span.end).count();
    spans.iter().map(|span| running(span.start)).max().unwrap_or(0)
}

/// From the first start to the last end.
pub(super) fn hull(spans: &[Span]) -> Span {
    spans.iter().copied().fold(Span { start: f64::INFINITY, end: 0.0 }, |hull, span| Span {
        start: hull.start.min(span.start),
        end: hull.end.max(span.end),
    })
}

/// When a node started.
pub(super) fn started(document: &Value, name: &str) -> f64 {
    span(node(document, name)).start
}

/// When a node ended.
pub(super) fn ended(document: &Value, name: &str) -> f64 {
    span(node(document, name)).end
}

/// Whether one node ended before another did: of a node that waits for something that takes time,
/// that it has waited.
pub(super) fn ended_first(document: &Value, first: &str, second: &str) -> bool {
    ended(document, first) <= ended(document, second) + 1e-9
}

/// What `traversal.yaml` gives.
pub(super) fn both_lines() -> Value {
    json!({ "function": "Hello from a function!", "command": "Hello World!\n" })
}

/// Two branches that give the same.
pub(super) fn two(value: &Value) -> Value {
    json!({ "branch1": value, "branch2": value })
}
