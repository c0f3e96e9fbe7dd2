//! Workflows inside workflows: random ones are written and read back as the same drafts, in every
//! language.

use serde_json::{Map, Value, json};
use terrace_core::{Draft, Format, Source};

use crate::file_catalog::shown;
use crate::file_write::SplitMix64;

const DRAFTS: u64 = 300;

/// Makes the text of a file, as JSON.
struct Generator {
    random: SplitMix64,
    names: usize,
}

/// What references can name at a place.
#[derive(Clone, Default)]
struct Names {
    /// Nodes, inputs, items and carried values.
    all: Vec<String>,
    index: bool,
    key: bool,
    /// Whether a map around calls its item `item`.
    item: bool,
}

impl Names {
    fn with(&self, more: &[String]) -> Self {
        let all = self.all.iter().chain(more).cloned().collect();
        Self { all, ..*self }
    }
}

impl Generator {
    fn once_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    fn name(&mut self) -> String {
        self.names += 1;
        format!("n{}", self.names)
    }

    fn reference(&mut self, names: &Names) -> String {
        let mut root = match self.random.below(8) {
            0 if names.index => "index".to_owned(),
            1 if names.key => "key".to_owned(),
            2 => "workflow.dir".to_owned(),
            _ if names.all.is_empty() => "run.id".to_owned(),
            _ => names.all[self.random.below(names.all.len())].clone(),
        };
        for _ in 0..self.random.below(3) {
            root += ["[0]", ".field", "[\"a b\"]", "[17]"][self.random.below(4)];
        }
        format!("${{{root}}}")
    }

    fn expr(&mut self, names: &Names, depth: usize) -> Value {
        match self.random.below(if depth == 0 { 5 } else { 7 }) {
            0 => json!(self.random.below(1000)),
            1 => json!("text $${x} 日本語\n"),
            2 | 3 => json!(self.reference(names)),
            4 => json!(format!("a {} b{}", self.reference(names), self.reference(names))),
            5 => (0..self.random.below(3)).map(|_| self.expr(names, depth - 1)).collect(),
            _ => {
                let keys = ["k", "a b", "$f64"];
                (0..self.random.below(4).min(3))
                    .map(|at| (keys[at].to_owned(), self.expr(names, depth - 1)))
                    .collect::<Map<_, _>>()
                    .into()
            }
        }
    }

    fn named_exprs(&mut self, prefix: &str, names: &Names) -> Map<String, Value> {
        let count = self.random.below(3);
        (0..count).map(|at| (format!("{prefix}{at}"), self.expr(names, 2))).collect()
    }

    /// The nodes of a workflow at one level: all know each other.
    fn nodes(&mut self, names: &Names, depth: usize, least: usize) -> (Map<String, Value>, Names) {
        let own: Vec<String> = (0..least + self.random.below(3)).map(|_| self.name()).collect();
        let inside = names.with(&own);
        let nodes = own.iter().map(|name| {
            let node = self.node(name, &own, &inside, depth);
            (name.clone(), Value::from(node))
        });
        (nodes.collect(), inside)
    }

    /// A node of that name, beside others.
    fn node(
        &mut self,
        name: &str,
        beside: &[String],
        names: &Names,
        depth: usize,
    ) -> Map<String, Value> {
        let mut node = Map::new();
        let body = self.random.below(if depth == 0 { 3 } else { 7 });
        let mut inside = names.clone();
        let repeat = if body == 2 { 0 } else { self.random.below(4) };
        let mut tail = Vec::new();
        match repeat {
            1 | 2 => {
                let (map, items) = self.map(names);
                let item = names.item || items == ["item"];
                inside = Names { index: true, key: true, item, ..names.with(&items) };
                node.insert("map".to_owned(), map.into());
            }
            3 => {
                let carried: Vec<String> = (0..self.random.below(3)).map(|_| self.name()).collect();
                inside = Names { index: true, ..names.with(&carried) };
                let starts: Vec<Value> = carried.iter().map(|_| self.expr(names, 2)).collect();
                tail = carried.into_iter().zip(starts).collect();
            }
            _ => {}
        }
        let mut results = inside.clone();
        match body {
            0 | 1 => {
                node.insert("task".to_owned(), json!("t/any"));
                node.insert("with".to_owned(), self.named_exprs("x", &inside).into());
                if self.once_in(4) {
                    node.insert("lane".to_owned(), json!("blocking"));
                }
                results = results.with(&[name.to_owned()]);
            }
            2 => drop(node.insert("succeed".to_owned(), json!(true))),
            3 => {
                node.insert("use".to_owned(), json!("other file.yaml"));
                node.insert("with".to_owned(), self.named_exprs("x", &inside).into());
                results = results.with(&[name.to_owned()]);
            }
            4 => {
                let (nodes, known) = self.nodes(&inside, depth - 1, 1);
                node.insert("nodes".to_owned(), nodes.into());
                self.results(&mut node, &known);
                results = known;
            }
            5 => {
                let (branches, known) = self.nodes(&inside, depth - 1, 1);
                node.insert("branches".to_owned(), branches.into());
                results = known;
            }
            _ => {
                let known = self.steps(&mut node, &inside, depth - 1);
                self.results(&mut node, &known);
                results = known;
            }
        }
        if repeat == 3 {
            let mut carry = Map::new();
            for (name, start) in tail {
                carry.insert(name, json!({ "start": start, "next": self.expr(&results, 2) }));
            }
            let mut repeat = json!({ "carry": carry, "max": 1 + self.random.below(1000) });
            if self.once_in(2) {
                repeat["until"] = json!(self.reference(&results));
            }
            node.insert("loop".to_owned(), repeat);
        }
        if self.once_in(3) {
            let after =
                (0..self.random.below(3)).map(|_| json!(beside[self.random.below(beside.len())]));
            node.insert("after".to_owned(), after.collect());
        }
        if self.once_in(4) {
            node.insert("when".to_owned(), json!(self.reference(names)));
        }
        if self.once_in(4) {
            let run_if = ["success", "failure", "always"][self.random.below(3)];
            node.insert("run_if".to_owned(), json!(run_if));
        }
        if body != 2 && self.once_in(3) {
            self.policy(&mut node, body < 2 && repeat != 3);
        }
        if self.once_in(5) {
            node.insert("label".to_owned(), json!("a ${label}"));
            node.insert("keep".to_owned(), json!(true));
        }
        node
    }

    /// Says something of what holds for a node.
    fn policy(&mut self, node: &mut Map<String, Value>, is_task: bool) {
        let mut choices = vec![
            ("retry", json!({ "attempts": 4, "initial": "2s", "jitter": true })),
            ("retry", json!(2)),
            ("timeout", json!("1m30s")),
            ("timeout", json!({ "attempt": "5s", "total": "2h" })),
            ("needs", json!("github")),
            ("needs", json!(["github", "gpu"])),
            ("needs", json!({ "ram": "1.5GB", "github": 2 })),
            ("concurrency", json!(3)),
            ("priority", json!(-5)),
            ("optional", json!(true)),
            ("fallback", json!({ "a": [1, "x $${y}"] })),
            ("cost", json!({ "money": 0.01, "calls": 1 })),
            ("expected", json!("250ms")),
            ("checkpoint", json!(true)),
        ];
        if is_task {
            choices.push(("cpus", json!(2)));
        }
        for _ in 0..self.random.below(4) {
            let (key, value) = choices[self.random.below(choices.len())].clone();
            let both = ["optional", "fallback"];
            if !(both.contains(&key) && both.iter().any(|key| node.contains_key(*key))) {
                node.insert(key.to_owned(), value);
            }
        }
    }

    fn map(&mut self, names: &Names) -> (Map<String, Value>, Vec<String>) {
        let mut map = Map::new();
        let mut items = Vec::new();
        match self.random.below(4) {
            0 | 1 => {
                map.insert("over".to_owned(), self.expr(names, 2));
                if !names.item && self.once_in(3) {
                    items.push("item".to_owned());
                } else {
                    let item = self.name();
                    map.insert("as".to_owned(), json!(item));
                    items.push(item);
                }
            }
            kind => {
                let lists: Map<String, Value> = (0..1 + self.random.below(3))
                    .map(|_| (self.name(), self.expr(names, 2)))
                    .collect();
                items.extend(lists.keys().cloned());
                map.insert(if kind == 2 { "zip" } else { "cross" }.to_owned(), lists.into());
            }
        }
        if self.once_in(3) {
            let inside = Names { all: items.clone(), index: true, key: false, item: false };
            let key =
                format!("{}-${{index}}", self.reference(&inside).replace("workflow.dir", "index"));
            map.insert("key".to_owned(), json!(key));
        }
        if self.once_in(3) {
            map.insert("chunk".to_owned(), [json!(7), json!("auto")][self.random.below(2)].clone());
            map.insert("window".to_owned(), json!(1 + self.random.below(9)));
        }
        if self.once_in(3) {
            map.insert("collect".to_owned(), json!(["values", "outcomes"][self.random.below(2)]));
        }
        if self.once_in(3) {
            let (key, value) = [
                ("at_least", json!(3)),
                ("max_failures", json!(0)),
                ("max_failures", json!("2.5 %")),
            ][self.random.below(3)]
            .clone();
            map.insert(key.to_owned(), value);
            map.insert("concurrency".to_owned(), json!(10));
            map.insert("timeout".to_owned(), json!("1h"));
            map.insert("needs".to_owned(), json!({ "ram": "100MB" }));
            map.insert("priority".to_owned(), json!(7));
            map.insert("retry".to_owned(), json!({ "attempts": 2, "backoff": "constant" }));
        }
        match self.random.below(5) {
            0 => drop(map.insert("reduce".to_owned(), json!("t/add"))),
            1 => {
                let reduce = json!({ "task": "t/add", "start": self.expr(names, 2) });
                map.insert("reduce".to_owned(), reduce);
            }
            _ => {}
        }
        (map, items)
    }

    fn steps(&mut self, node: &mut Map<String, Value>, names: &Names, depth: usize) -> Names {
        let count = 1 + self.random.below(4);
        let own: Vec<(String, bool)> =
            (1..=count)
                .map(|at| {
                    if self.once_in(2) {
                        (self.name(), true)
                    } else {
                        (format!("step_{at}"), false)
                    }
                })
                .collect();
        let beside: Vec<String> = own.iter().map(|(name, _)| name.clone()).collect();
        let inside = names.with(&beside);
        let steps = own.iter().map(|(name, given)| {
            let mut step = self.node(name, &beside, &inside, depth);
            if *given {
                step.insert("name".to_owned(), json!(name));
            }
            Value::from(step)
        });
        let steps = steps.collect();
        node.insert("steps".to_owned(), steps);
        inside
    }

    fn results(&mut self, node: &mut Map<String, Value>, names: &Names) {
        match self.random.below(3) {
            0 => drop(node.insert("output".to_owned(), self.expr(names, 2))),
            1 => drop(node.insert("outputs".to_owned(), self.named_exprs("o", names).into())),
            _ => {}
        }
    }

    fn file(&mut self) -> Value {
        let mut file = Map::new();
        file.insert("terrace".to_owned(), json!(1));
        file.insert("inputs".to_owned(), json!({ "a": "f64", "b": "list<str>" }));
        if self.once_in(2) {
            let limits = json!({
                "github": { "concurrency": 10, "rate": "80/min", "burst": 5 },
                "ram": { "memory": "8GiB" },
                "gpu": { "rate": "1/2s" },
            });
            file.insert("limits".to_owned(), limits);
            file.insert("budget".to_owned(), json!({ "money": 5.5 }));
        }
        let names =
            Names { all: vec!["inputs.a".to_owned(), "inputs.b".to_owned()], ..Names::default() };
        let mut known = names.clone();
        if !self.once_in(4) {
            let (nodes, inside) = self.nodes(&names, 4, 1);
            file.insert("nodes".to_owned(), nodes.into());
            known = inside;
        }
        if self.once_in(3) {
            known = self.steps(&mut file, &known, 3);
        }
        self.results(&mut file, &known);
        file.into()
    }
}

fn read(text: &str, format: Format, context: &str) -> Draft {
    let draft = Draft::read(&Source::new("flow", text, format))
        .unwrap_or_else(|problems| panic!("{context}: {problems}\n{text}"));
    assert!(draft.problems.is_empty(), "{context}: {:#?}\n{text}", draft.problems);
    draft
}

#[test]
fn nested_workflows_read_back_as_they_were_written() {
    for seed in 0..DRAFTS {
        let file = Generator { random: SplitMix64(seed), names: 0 }.file();
        let draft = read(&file.to_string(), Format::Json, &format!("seed {seed}"));
        let expected = shown(&draft);
        for format in [Format::Yaml, Format::Toml, Format::Json] {
            let context = format!("seed {seed}, {format:?}");
            let text =
                draft.write(format).unwrap_or_else(|problems| panic!("{context}: {problems}"));
            let again = read(&text, format, &context);
            assert_eq!(shown(&again), expected, "{context}:\n{file:#}\n{text}");
            assert_eq!(again.write(format).unwrap(), text, "{context}");
        }
        let value = terrace_core::value_from_json(&file.to_string());
        // Of `$f64` a value makes a float.
        if let Ok(value) = value {
            let same = Draft::from_value(&value).unwrap_or_else(|error| panic!("{seed}: {error}"));
            assert_eq!(shown(&same), expected, "seed {seed}");
        }
    }
}
