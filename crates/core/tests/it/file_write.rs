//! Drafts that are written read back as the same drafts, in every language.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{
    Amount, Args, Backoff, Catalog, Checkpoints, Draft, Expr, Format, IfFailed, InputDraft, Lane,
    Limit, LimitKind, Need, NodeDraft, NodeId, OnFailure, OutputDraft, PackRequirement, Piece,
    Policy, Ref, Retry, RetryOn, Root, Rules, Select, Source, TaskChoice, Type, Value,
};
use terrace_plugin_api::Array;

use crate::file_catalog::{TestTasks, shown};

const DRAFTS: u64 = 2_000;

/// Steele, Lea and Flood's generator: a seed in a failure is enough to see it again.
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

const TEXTS: &[&str] = &[
    "",
    " ",
    "$",
    "$$",
    "${",
    "$${",
    "$$${",
    "${a}",
    "$${a}",
    "$$$${run.id}",
    "{",
    "}",
    "${}",
    "${ x }",
    "a ${",
    "$a",
    "null",
    "yes",
    "1",
    "1.5",
    ".nan",
    "~",
    "a: b",
    "- a",
    "#",
    "\"",
    "'",
    "\\",
    "\n",
    "a\nb\n",
    "\t",
    "\r\n",
    "日本語",
    "שלום",
    "🦀",
    "e\u{301}",
    "\u{0}",
    "\u{85}",
    "\u{feff}",
    "*a",
    "&a",
    "!a",
    "<<",
    "[",
    "a, b",
    "$f64",
    "$bytes",
    "$array",
    "$$f64",
    "env:X",
    "inputs.x",
];

const TYPES: &[&str] = &[
    "any",
    "null",
    "bool",
    "i64",
    "u64",
    "f64",
    "number",
    "str",
    "bytes",
    "list<f64>",
    "f64?",
    "map<str, list<i64?>>",
    "array<f64>",
    "(f64, str)",
    "{x: f64, \"a b\"?: str}",
    "enum{Point, Circle: {r: f64}}",
    "enum(type, data){A: i64, B}",
    "outcome",
    "ext<circuit>",
];

struct Generator {
    random: SplitMix64,
    format: Format,
    nodes: usize,
    /// A reference to each input.
    inputs: Vec<Root>,
}

/// References to so many inputs, whose ids only a reader makes.
fn inputs(count: usize) -> Vec<Root> {
    let mut text = "terrace = 1\n".to_owned();
    for at in 0..count {
        text += &format!("inputs.i{at} = \"any\"\noutputs.o{at} = \"${{inputs.i{at}}}\"\n");
    }
    let draft = read(&text, Format::Toml, &"inputs");
    let root = |output: OutputDraft| match output.value {
        Expr::Ref(reference) => reference.root,
        other => panic!("{other:?}"),
    };
    draft.outputs.into_iter().map(root).collect()
}

impl Generator {
    fn text(&mut self) -> String {
        (0..self.random.below(4)).map(|_| *self.random.pick(TEXTS)).collect()
    }

    fn filled(&mut self) -> String {
        let text = self.text();
        if text.is_empty() { "x".to_owned() } else { text }
    }

    fn keys(&mut self) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for _ in 0..self.random.below(4) {
            let key = self.text();
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    fn scalar(&mut self) -> Value {
        let toml = self.format == Format::Toml;
        match self.random.below(12) {
            0 if !toml => Value::Null,
            1 => Value::from(self.random.once_in(2)),
            2 => Value::from(self.random.next() as i64 >> self.random.below(64)),
            3 if !toml => Value::from(u64::MAX - self.random.below(5) as u64),
            4 => Value::from(*self.random.pick(&[
                0.0,
                -0.0,
                1.0,
                1e300,
                5e-324,
                f64::NAN,
                f64::INFINITY,
                f64::NEG_INFINITY,
                0.1,
            ])),
            5 => Value::from(
                (0..self.random.below(9)).map(|at| (at as u8).wrapping_mul(37)).collect::<Vec<_>>(),
            ),
            6 => Value::from(Array::with_shape(&[0.5, f64::NAN, -0.0, 4.0], &[2, 2]).unwrap()),
            7 => Value::from(Array::from_slice::<i32>(&[])),
            _ => Value::from(self.text()),
        }
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.random.below(if depth == 0 { 5 } else { 8 }) {
            5 => {
                let items = (0..self.random.below(4)).map(|_| self.value(depth - 1)).collect();
                Value::list(items).unwrap()
            }
            6 | 7 => {
                let keys = self.keys();
                Value::map(keys.into_iter().map(|key| (key, self.value(depth - 1)))).unwrap()
            }
            _ => self.scalar(),
        }
    }

    fn reference(&mut self) -> Ref {
        let root = match self.random.below(8) {
            0 => Root::RunId,
            1 => Root::RunSeed,
            2 => Root::WorkflowDir,
            3 | 4 if !self.inputs.is_empty() => *self.random.pick(&self.inputs),
            _ if self.nodes > 0 => Root::Node(NodeId::at(self.random.below(self.nodes)).unwrap()),
            _ => Root::RunId,
        };
        let mut reference = Ref::new(root);
        for _ in 0..self.random.below(3) {
            reference.path.push(match self.random.below(3) {
                0 => Select::Index(self.random.next() >> self.random.below(64)),
                1 => Select::Key("field-1".to_owned()),
                _ => Select::Key(self.text()),
            });
        }
        reference
    }

    /// An expression in the form that a file gives: what holds no reference is one constant.
    fn expr(&mut self, depth: usize) -> Expr {
        match self.random.below(if depth == 0 { 4 } else { 7 }) {
            0 | 1 => Expr::Const(self.value(depth)),
            2 => Expr::Ref(self.reference()),
            3 => {
                let mut pieces = Vec::new();
                for _ in 0..1 + self.random.below(3) {
                    let text = self.text();
                    if !text.is_empty() {
                        pieces.push(Piece::Literal(text));
                    }
                    pieces.push(Piece::Ref(self.reference()));
                }
                if pieces.len() == 1 || self.random.once_in(2) {
                    pieces.push(Piece::Literal(self.filled()));
                }
                Expr::Text(pieces)
            }
            4 => {
                let mut items: Vec<Expr> =
                    (0..self.random.below(3)).map(|_| self.expr(depth - 1)).collect();
                items.push(Expr::Ref(self.reference()));
                Expr::List(items)
            }
            _ => {
                let mut entries: Vec<(String, Expr)> = Vec::new();
                for key in self.keys() {
                    entries.push((key, self.expr(depth - 1)));
                }
                match entries.last_mut() {
                    Some((_, last)) => *last = Expr::Ref(self.reference()),
                    None => entries.push((self.text(), Expr::Ref(self.reference()))),
                }
                Expr::Map(entries)
            }
        }
    }

    fn time(&mut self) -> Duration {
        // Never nothing, and at most ten years.
        let nanos = (self.random.next() >> self.random.below(63)).clamp(1, 300_000_000_000_000_000);
        Duration::from_nanos(nanos)
    }

    fn large(&mut self) -> u64 {
        // TOML has no more.
        (self.random.next() >> (1 + self.random.below(63))).max(1)
    }

    fn amounts(&mut self) -> Vec<Amount> {
        ["money", "calls"][..self.random.below(3)]
            .iter()
            .map(|of| Amount { of: (*of).into(), millionths: self.large() })
            .collect()
    }

    fn rules(&mut self) -> Rules {
        let mut rules = Rules::default();
        for at in 0..self.random.below(4) {
            let mut limit = match self.random.below(3) {
                0 => Limit::memory(format!("l{at}"), self.large()),
                1 => Limit::concurrency(format!("l{at}"), self.large()),
                _ => Limit::rate(format!("l{at}"), self.large() as u32 | 1, self.time()),
            };
            if self.random.once_in(3) {
                limit = limit.with_rate(self.large() as u32 | 1, self.time());
            }
            if self.random.once_in(3) {
                limit = limit.with_burst(self.large() as u32 | 1);
            }
            rules.limits.push(limit);
        }
        if self.random.once_in(2) {
            rules.max_concurrent = Some(self.large() as u32 | 1);
            let ends = [None, Some(OnFailure::Continue), Some(OnFailure::Stop)];
            rules.on_failure = *self.random.pick(&ends);
            rules.deadline = Some(self.time());
            rules.budget = self.amounts();
            rules.checkpoints = *self.random.pick(&[Checkpoints::None, Checkpoints::Levels]);
            rules.patience = self.random.once_in(2).then(|| self.random.next() as u32);
        }
        rules
    }

    fn retry(&mut self) -> Retry {
        let attempts = self.large() as u32 | 1;
        match self.random.below(3) {
            0 => Retry::attempts(attempts),
            1 => Retry {
                attempts,
                backoff: *self.random.pick(&[Backoff::Constant, Backoff::Exponential]),
                initial: self.time(),
                max: self.time(),
                jitter: f64::from(self.random.below(1_001) as u32) / 1_000.0,
                on: *self.random.pick(&[RetryOn::Any, RetryOn::Retryable]),
            },
            _ => Retry::attempts(attempts).constant(self.time()).with_jitter(1.0 / 3.0),
        }
    }

    fn policy(&mut self, limits: &[Limit]) -> Option<Arc<Policy>> {
        let mut policy = Policy::default();
        if self.random.once_in(2) {
            policy.retry = self.random.once_in(2).then(|| self.retry());
            policy.timeout = self.random.once_in(2).then(|| self.time());
            policy.total_timeout = self.random.once_in(2).then(|| self.time());
            for at in 0..self.random.below(4) {
                // Of a memory limit more than its unit; one that nobody declares counts anything.
                let of_bytes = limits.get(at).is_some_and(|l| l.kind == LimitKind::Memory);
                let amount = if of_bytes || self.random.once_in(2) { self.large() } else { 1 };
                policy.needs.push(Need { limit: format!("l{at}").into(), amount });
            }
            policy.concurrency = self.random.once_in(3).then(|| self.large() as u32 | 1);
            policy.cpus = self.random.once_in(3).then(|| self.large() as u32 | 1);
            policy.priority = self.random.once_in(3).then(|| self.random.next() as i32);
            policy.if_failed = match self.random.below(3) {
                0 => IfFailed::Fails,
                1 => IfFailed::Absent,
                _ => IfFailed::Gives(self.value(2)),
            };
            policy.cost = self.amounts();
            policy.expected = self.random.once_in(3).then(|| self.time());
            policy.checkpoint = self.random.once_in(3);
        }
        (!policy.is_empty()).then(|| Arc::new(policy))
    }

    fn draft(&mut self) -> Draft {
        let mut draft = Draft { rules: self.rules(), ..Draft::default() };
        if self.random.once_in(2) {
            draft.name = Some(self.filled());
            draft.description = Some(self.filled());
        }
        for at in 0..self.random.below(3) {
            let alias = format!("pack-{at}");
            let name = if self.random.once_in(2) { alias.clone() } else { "other".to_owned() };
            draft.packs.push(PackRequirement { alias, name, version: self.filled(), span: None });
        }
        for at in 0..self.inputs.len() {
            let ty = self.random.pick(TYPES).parse().unwrap();
            let secret = self.random.once_in(4);
            let mut input = InputDraft {
                ty,
                description: self.random.once_in(3).then(|| self.filled()),
                secret,
                env: self.random.once_in(4).then(|| "TOKEN".to_owned()),
                ..InputDraft::new(format!("i{at}"), Type::Any)
            };
            if !secret && self.random.once_in(2) {
                let default = self.value(3);
                if input.ty.check(&default).is_ok() {
                    input.default = Some(default);
                } else {
                    input.ty = Type::Any;
                    input.default = Some(default);
                }
            }
            draft.inputs.push(input);
        }
        for at in 0..self.nodes {
            let args = self.keys().into_iter().map(|port| (port, self.expr(3))).collect();
            let after = (0..self.random.below(3))
                .filter_map(|_| NodeId::at(self.random.below(self.nodes)))
                .collect();
            let lane = *self.random.pick(&[None, Some(Lane::Compute), Some(Lane::Blocking)]);
            let name = format!("n{at}");
            draft.nodes.push(NodeDraft {
                name: Some(name.into()),
                label: self.random.once_in(3).then(|| self.filled()),
                after,
                lane,
                keep: self.random.once_in(3),
                policy: self.policy(&draft.rules.limits),
                ..NodeDraft::new(
                    TaskChoice::Named { name: self.filled().into(), expect: None },
                    Args::Named(args),
                )
            });
        }
        for at in 0..self.random.below(3) {
            let value = self.expr(3);
            draft.outputs.push(OutputDraft { name: format!("o{at}"), value, span: None });
        }
        draft
    }
}

fn read(text: &str, format: Format, context: &dyn std::fmt::Display) -> Draft {
    let draft = Draft::read(&Source::new("flow", text, format))
        .unwrap_or_else(|problems| panic!("{context}: {problems}\n{text}"));
    assert!(draft.problems.is_empty(), "{context}: {:#?}\n{text}", draft.problems);
    draft
}

#[test]
fn what_is_written_reads_back_as_the_same_draft() {
    let inputs = inputs(3);
    for format in [Format::Yaml, Format::Toml, Format::Json] {
        for seed in 0..DRAFTS {
            let mut random = SplitMix64(seed);
            let (nodes, inputs) = (random.below(5), inputs[..random.below(4)].to_vec());
            let draft = Generator { random, format, nodes, inputs }.draft();
            let context = format!("seed {seed}, {format:?}");
            let text =
                draft.write(format).unwrap_or_else(|problems| panic!("{context}: {problems}"));
            let again = read(&text, format, &context);
            assert_eq!(shown(&again), shown(&draft), "{context}:\n{text}");
            // What is shown of bytes and arrays is their size.
            for (a, b) in draft.nodes.iter().zip(&again.nodes) {
                let (Args::Named(a), Args::Named(b)) = (&a.args, &b.args) else {
                    panic!("{context}")
                };
                assert_eq!(a, b, "{context}");
            }
            for (a, b) in draft.nodes.iter().zip(&again.nodes) {
                assert_eq!(a.policy, b.policy, "{context}");
            }
            assert_eq!(again.rules, draft.rules, "{context}");
            for (a, b) in draft.inputs.iter().zip(&again.inputs) {
                assert_eq!(a.default, b.default, "{context}");
            }
            for (a, b) in draft.outputs.iter().zip(&again.outputs) {
                assert_eq!(a.value, b.value, "{context}");
            }
            assert_eq!(again.write(format).unwrap(), text, "{context}");
        }
    }
}

#[test]
fn sixty_levels_in_an_argument_are_written_and_sixty_one_refused() {
    let nested = |levels: usize, format: Format| {
        let value = (0..levels).fold(Value::from(1), |value, level| match level % 2 {
            0 => Value::list(vec![value]).unwrap(),
            _ => Value::map([("k", value)]).unwrap(),
        });
        let mut generator =
            Generator { random: SplitMix64(0), format, nodes: 1, inputs: Vec::new() };
        let mut draft = generator.draft();
        draft.nodes[0].args = Args::Named(vec![("x".to_owned(), Expr::Const(value))]);
        draft.write(format).map(|text| (shown(&draft), shown(&read(&text, format, &"nested"))))
    };
    for format in [Format::Yaml, Format::Toml, Format::Json] {
        let (draft, again) = nested(60, format).unwrap();
        assert_eq!(draft, again);
        assert!(nested(61, format).unwrap_err().to_string().contains("64 levels"));
        assert!(nested(256, format).unwrap_err().to_string().contains("64 levels"));
    }
}

#[test]
fn references_to_inputs_are_written() {
    let text = "terrace: 1\ninputs: { size: any }\nnodes:\n  a:\n    task: t/any\n    \
                with: { x: \"${inputs.size.a[0]}\", z: \"$$${inputs.size}\" }\n";
    let draft = read(text, Format::Yaml, &"inputs");
    assert_eq!(draft.write(Format::Yaml).unwrap(), text);
}

#[test]
fn the_written_file_is_plain_to_read() {
    let json = r#"{"terrace": 1, "name": "a", "packs": {"q": {"version": "^1"}, "r": {"pack": "q", "version": "=1.0.0"}},
        "inputs": {"x": {"type": "f64"}, "k": {"type": "str", "secret": true, "from": "env:K"}},
        "nodes": {"a": {"task": "q/a", "keep": false, "after": []}, "b": {"task": "q/b", "with":
        {"x": "${a.v[0]}", "y": [1, "${inputs.x}"], "z": {"k": "${a} of ${run.id}"}}, "after": "a", "keep": true}},
        "outputs": {"o": "${b}"}}"#;
    let draft = read(json, Format::Json, &"json");
    insta::assert_snapshot!(draft.write(Format::Yaml).unwrap(), @r#"
    terrace: 1
    name: a
    packs:
      q: "^1"
      r: { pack: q, version: "=1.0.0" }
    inputs:
      x: f64
      k: { type: str, secret: true, from: "env:K" }
    nodes:
      a: { task: q/a }
      b:
        task: q/b
        with:
          x: "${a.v[0]}"
          "y": [1, "${inputs.x}"]
          z: { k: "${a} of ${run.id}" }
        after: [a]
        keep: true
    outputs: { o: "${b}" }
    "#);
    insta::assert_snapshot!(draft.write(Format::Toml).unwrap(), @r#"
    terrace = 1
    name = "a"

    [packs]
    q = "^1"
    r = { pack = "q", version = "=1.0.0" }

    [inputs]
    x = "f64"
    k = { type = "str", secret = true, from = "env:K" }

    [nodes]
    a = { task = "q/a" }

    [nodes.b]
    task = "q/b"
    with = { x = "${a.v[0]}", y = [1, "${inputs.x}"], z = { k = "${a} of ${run.id}" } }
    after = ["a"]
    keep = true

    [outputs]
    o = "${b}"
    "#);
}

#[test]
fn what_only_a_program_can_hold_is_refused() {
    let mut generator =
        Generator { random: SplitMix64(1), format: Format::Yaml, nodes: 4, inputs: Vec::new() };
    let mut draft = generator.draft();
    let constant = |value: Value| Args::Named(vec![("x".to_owned(), Expr::Const(value))]);
    draft.nodes[0].args = Args::Positional(vec![Expr::Const(Value::from(1))]);
    draft.nodes[1].name = None;
    draft.nodes[1].task = TaskChoice::Inline(TestTasks::new().find("t/num").unwrap());
    draft.nodes[3].task = TaskChoice::Inline(TestTasks::new().find("t/any").unwrap());
    draft.nodes[2].args = constant(Value::Null);
    draft.nodes[2].after = vec![NodeId::at(9).unwrap()];
    draft.nodes[3].args = Args::Named(vec![(
        "x".to_owned(),
        Expr::Ref(Ref::new(Root::Node(NodeId::at(1).unwrap()))),
    )]);
    draft.outputs.clear();
    insta::assert_snapshot!(draft.write(Format::Yaml).unwrap_err(), @"
    node `n0`: its arguments are given by position, and a file names them (name the inputs of the task)
    node 1 has no name, which it needs in a file (give it one)
    node `n2`: it comes after a node that is not there
    node `n3`: its task `t/any` is a function of the program (put the function into a pack)
    node `n3` refers to something that is not there or has no name
    ");

    draft.nodes.drain(..2);
    draft.nodes[0].after.clear();
    draft.nodes[1].task = draft.nodes[0].task.clone();
    draft.nodes[1].args = constant(Value::from(u64::MAX));
    draft.nodes[1].after.clear();
    insta::assert_snapshot!(draft.write(Format::Toml).unwrap_err(), @"
    `nodes.n2.with.x` is null, which TOML cannot write (leave the key out)
    `nodes.n3.with.x` is above 9223372036854775807, the last integer of TOML (quote it)
    ");

    let wrong = Draft::read(&Source::new("flow", "terrace: 1\nnodse: {}", Format::Yaml)).unwrap();
    insta::assert_snapshot!(wrong.write(Format::Yaml).unwrap_err(), @"flow:2:1: unknown key `nodse` in the workflow (did you mean `nodes`?)");
}
