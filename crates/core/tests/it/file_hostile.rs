//! Files made to exhaust memory or stack, and files that are half broken.

use terrace_core::{Draft, Format, Limits, Place, Source, Value};

use crate::file_catalog::{TestTasks, load};
use crate::file_write::SplitMix64;

/// Of each of six files.
const MUTATIONS: u64 = 4_000;

/// Reads and validates on a thread with the stack that std gives by default.
fn refused(format: Format, text: String) -> String {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let read = move || load(format, &text).map(|_| ()).unwrap_err().to_string();
    thread.spawn(read).unwrap().join().unwrap()
}

#[test]
fn a_hundred_thousand_levels_are_refused() {
    const DEEP: usize = 100_000;
    for (format, text) in [
        (Format::Yaml, format!("terrace: 1\nnodes: {{ a: {{ with: {{ x: {}", "[".repeat(DEEP))),
        (Format::Yaml, format!("terrace: 1\nnodes: {}", "{a: ".repeat(DEEP))),
        (Format::Yaml, format!("terrace: 1\nnodes:\n  {}", "- ".repeat(DEEP))),
        (Format::Toml, format!("terrace = 1\nnodes = {}", "[".repeat(DEEP))),
        (Format::Toml, format!("terrace = 1\n[nodes{}]", ".a".repeat(DEEP))),
        (Format::Json, format!("{{\"terrace\": 1, \"nodes\": {}", "{\"a\":".repeat(DEEP))),
    ] {
        let said = refused(format, text);
        assert!(said.contains("nested more than 64 levels deep"), "{said}");
    }
}

#[test]
fn as_many_levels_as_a_file_may_have_are_read() {
    let deep = format!("{}\"${{a}}\"{}", "[".repeat(60), "]".repeat(60));
    let text = format!(
        "{{\"terrace\": 1, \"nodes\": {{\"a\": {{\"task\": \"t/any\"}}, \"b\": {{\"task\": \
         \"t/any\", \"with\": {{\"x\": {deep}}}}}}}}}"
    );
    for format in [Format::Json, Format::Yaml] {
        assert_eq!(load(format, &text).unwrap().levels().len(), 2);
    }
}

#[test]
fn a_text_of_seventeen_mebibytes_is_refused() {
    for format in [Format::Yaml, Format::Toml, Format::Json] {
        let said = refused(format, "#".repeat(17 << 20));
        assert!(said.contains("more than the 16777216 allowed"), "{said}");
    }
}

#[test]
fn aliases_count_as_much_as_what_they_repeat() {
    let mut text =
        "terrace: 1\nnodes:\n  a:\n    task: t/any\n    with:\n      x0: &x0 1\n".to_owned();
    for level in 1..30 {
        let items = vec![format!("*x{}", level - 1); 10].join(", ");
        text += &format!("      x{level}: &x{level} [{items}]\n");
    }
    let said = refused(Format::Yaml, text);
    assert!(said.contains("with this alias expanded, more than 2000000 values"), "{said}");
}

#[test]
fn a_mistake_in_an_anchor_is_reported_once() {
    let text = "terrace: 1\nnodes:\n  a: { task: t/any, with: &w { x: ['${gone}'] } }\n  \
                b: { task: t/any, with: *w }\n  c: { task: t/any, with: *w }";
    assert_eq!(load(Format::Yaml, text).unwrap_err().len(), 1);
}

#[test]
fn a_hundred_problems_are_kept_of_a_million() {
    let many = vec!["\"${x} ${}\""; 300_000].join(",");
    let text = format!(
        "{{\"terrace\": 1, \"nodes\": {{\"a\": {{\"task\": \"t/any\", \"with\": {{\"x\": [{many}]}}}}}}}}"
    );
    assert!(text.len() < Limits::MAX_TEXT);
    let problems = Draft::read(&Source::new("flow", text, Format::Json)).unwrap().problems;
    assert_eq!(problems.len(), 100);
    let text = format!("terrace: 1\noutputs: {{ o: '{}' }}", "${}${a[\"".repeat(1_000_000));
    let problems = Draft::read(&Source::new("flow", text, Format::Yaml)).unwrap().problems;
    assert_eq!(problems.len(), 100);
}

const SEEDS: [(Format, &str); 6] = [
    (
        Format::Yaml,
        "terrace: 1\nname: fuzz\npacks: { quantum: \"^0.1\", q: { pack: quantum, version: =0.1.0 } }\n\
         inputs:\n  theta: { type: f64, default: -0.5 }\n  k: { type: str, secret: true, from: env:K }\n\
         nodes:\n  a: &a { task: t/any, with: { x: \"${inputs.theta}\", y: [1, 2.5, '$${é}'] } }\n  \
         b:\n    task: t/any\n    with: { x: 'v ${a.b[0][\"c d\"]} ${run.id}', z: { $bytes: aGk= } }\n    \
         after: [a]\n    lane: blocking\n    keep: true\n  c: *a\n\
         outputs:\n  o: \"${b}\"\n  text: |\n    line ${a}\n    ${b.x}\n",
    ),
    (
        Format::Toml,
        "terrace = 1\nname = \"fuzz\"\npacks.quantum = \"^0.1\"\n\
         [inputs]\ntheta = { type = \"f64\", default = -0.5 }\n\
         [nodes.a]\ntask = \"t/any\"\nwith = { x = \"${inputs.theta}\", y = [1, 2.5, '$${é}'] }\n\
         [nodes.b]\ntask = \"t/any\"\nafter = [\"a\"]\nlane = \"blocking\"\n\
         [nodes.b.with]\nx = \"\"\"\nv ${a.b[0][\"c d\"]}\n${run.id}\"\"\"\n\
         z.\"$f64\" = \"NaN\"\n[outputs]\no = \"${b}\"\n",
    ),
    (
        Format::Json,
        r#"{"terrace": 1, "name": "fuzz", "packs": {"quantum": {"version": "^0.1", "as": "q"}},
            "inputs": {"theta": {"type": "{x: f64, y?: list<i64>}", "default": {"x": 1}}},
            "nodes": {"a": {"task": "t/any", "with": {"x": "${inputs.theta}", "y": [1, "$${\u00e9}"]}},
            "b": {"task": "t/any", "with": {"x": "v ${a.b[0][\"c d\"]} ${run.id}", "z": {"$array":
            {"dtype": "u8", "shape": [2], "data": "AQI="}}}, "after": "a", "keep": true}},
            "outputs": {"o": "${b}"}}"#,
    ),
    (
        Format::Yaml,
        "terrace: 1\ninputs: { list: any, go: bool }\nnodes:\n  \
         m:\n    map: { over: '${inputs.list}', as: x, key: '${x}-${index}', window: 3, reduce: { task: t/add, start: 0 } }\n    \
         nodes:\n      a: { task: t/num, with: { x: '${x}' } }\n      \
         l: { loop: { carry: { c: { start: 1, next: '${l}' } }, max: 2 }, task: t/add, with: { a: '${c}', b: '${a}' } }\n    \
         output: '${l}'\n  \
         b: { branches: { left: { task: t/any, when: '${inputs.go}' }, right: { map: { zip: { p: [1], q: [2] } }, steps: [{ task: t/any }, { name: s, task: t/any, with: { x: '${step_1} ${p}' } }] } }, run_if: always }\n\
         steps:\n  - { task: t/any, with: { x: '${b.left}' } }\n  - { succeed: true, when: '${inputs.go}' }\n\
         output: '${m}'\n",
    ),
    (
        Format::Toml,
        "terrace = 1\n[nodes.m]\nmap = { over = [1, 2], collect = \"outcomes\" }\n\
         outputs = { y = \"${a}\" }\n[nodes.m.nodes.a]\ntask = \"t/any\"\nwith.x = \"${item} ${index}\"\n\
         [[nodes.s.steps]]\ntask = \"t/any\"\n[[nodes.s.steps]]\nname = \"two\"\ntask = \"t/any\"\n\
         with.x = \"${m}\"\n[nodes.l]\ntask = \"t/num\"\nwith.x = \"${v}\"\n\
         [nodes.l.loop]\nmax = 3\ncarry.v = { start = 0.5, next = \"${l}\" }\n",
    ),
    (
        Format::Json,
        r#"{"terrace": 1, "nodes": {"m": {"map": {"cross": {"p": [1], "q": ["a"]}, "chunk": "auto"},
            "branches": {"x": {"task": "t/any", "with": {"x": ["${p}", "${q}"]}}, "y": {"nodes": {"deep":
            {"task": "t/any", "with": {"x": "${q}"}}}, "output": "${deep}"}}}, "l": {"loop": {"max": 2,
            "until": "${done}"}, "nodes": {"done": {"task": "t/yes", "with": {"x": "${m}", "y": "${index}"}}}}}}"#,
    ),
];

/// Pieces that tear texts apart where it matters.
const PIECES: &[&str] = &[
    "${", "}", "$${", "$", "[", "]", "{", ":", ",", "\"", "'", "\\", "\n", " ", "\t", "é",
    "\u{feff}", ".", "0", "-", "*a", "&a", "null", "inputs", "run", "item", "task", "with", "$f64",
    "|", "#", "=", "map", "over", "loop", "carry", "nodes", "steps", "branches", "${item}", "x",
    "step_1",
];

#[test]
fn altered_files_do_not_panic_and_problems_stay_inside_the_text() {
    let tasks = TestTasks::new();
    let mut valid = 0;
    for (format, seed_text) in SEEDS {
        load(format, seed_text).unwrap_or_else(|problems| panic!("{format:?}: {problems}"));
        for seed in 0..MUTATIONS {
            let mut random = SplitMix64(seed);
            let mut bytes = seed_text.as_bytes().to_vec();
            for _ in 0..1 + random.below(4) {
                let at = random.below(bytes.len() + 1);
                match random.below(5) {
                    0 => bytes.truncate(at.max(1)),
                    1 => drop(bytes.drain(at..(at + random.below(8)).min(bytes.len()))),
                    2 if at < bytes.len() => bytes[at] = random.next() as u8,
                    3 => {
                        let end = (at + random.below(40)).min(bytes.len());
                        let copy = bytes[at..end].to_vec();
                        let to = random.below(bytes.len() + 1);
                        bytes.splice(to..to, copy);
                    }
                    _ => {
                        let piece = PIECES[random.below(PIECES.len())];
                        bytes.splice(at..at, piece.bytes());
                    }
                }
            }
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let source = Source::new("flow", text.as_str(), format);
            let found = Draft::read(&source).and_then(|draft| {
                if draft.problems.is_empty() {
                    // TOML and JSON cannot hold all that YAML can.
                    if let Ok(written) = draft.write(format) {
                        let again = Draft::read(&Source::new("again", written, format));
                        assert!(
                            again.is_ok_and(|again| again.problems.is_empty()),
                            "seed {seed}\n{text}"
                        );
                    }
                }
                draft.validate(&tasks)
            });
            match found {
                Ok(_) => valid += 1,
                Err(problems) => {
                    for problem in &problems {
                        let inside = match &problem.place {
                            Place::Text { span, .. } => text.get(span.range()).is_some(),
                            _ => true,
                        };
                        assert!(inside, "seed {seed}, {format:?}: {problem:?}");
                    }
                }
            }
        }
    }
    assert!(valid > 500, "mutations leave {valid} files valid");
}

#[test]
fn workflows_inside_each_other_are_read_to_the_limit_of_a_text() {
    let nested = |levels: usize| {
        let mut text = r#"{"task": "t/any", "with": {"x": "${first}"}}"#.to_owned();
        for level in 0..levels {
            let key = ["nodes", "branches"][level % 2];
            text = format!(r#"{{"{key}": {{"n{level}": {text}}}}}"#);
        }
        format!(r#"{{"terrace": 1, "nodes": {{"first": {{"task": "t/any"}}, "top": {text}}}}}"#)
    };
    // The top, its nodes, the node, its arguments; and two for each level.
    for format in [Format::Json, Format::Yaml] {
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        let read = move || load(format, &nested(30)).map(|workflow| workflow.nodes().len());
        assert_eq!(thread.spawn(read).unwrap().join().unwrap().unwrap(), 2);
        let said = refused(format, nested(31));
        assert!(said.contains("nested more than 64 levels deep"), "{said}");
    }
}

#[test]
fn many_names_through_many_levels_end() {
    // Each of thousands of names goes through thirty bodies.
    let outer: String = (0..4_000).map(|at| format!("  o{at}: {{ task: t/any }}\n")).collect();
    let names: Vec<String> = (0..4_000).map(|at| format!("\"${{o{at}}}\"")).collect();
    let mut text = format!("{{ task: t/any, with: {{ x: [{}] }} }}", names.join(", "));
    for level in 0..20 {
        text = format!("{{ nodes: {{ n{level}: {text} }} }}");
    }
    let text = format!("terrace: 1\nnodes:\n{outer}  top: {text}\n");
    assert_eq!(load(Format::Yaml, &text).unwrap().nodes().len(), 4_001);
}

#[test]
fn a_value_that_repeats_its_parts_is_no_larger_than_a_file_may_be() {
    let mut value = Value::from("x");
    for _ in 0..40 {
        value = Value::list(vec![value.clone(), value]).unwrap();
    }
    let said = |value: &Value| Draft::from_value(value).unwrap_err().to_string();
    assert!(said(&value).contains("more than 2000000 values"), "{}", said(&value));
    let mut deep = Value::from(1);
    for _ in 0..200 {
        deep = Value::map([("a", deep)]).unwrap();
    }
    assert!(said(&deep).contains("nested more than 64 levels deep"), "{}", said(&deep));
    let long = Value::from("x".repeat(1 << 20));
    let many = Value::list(vec![long; 20]).unwrap();
    assert!(said(&many).contains("more than 16777216 bytes"), "{}", said(&many));
}

#[test]
fn any_value_is_read_or_refused() {
    let words = [
        "nodes", "steps", "branches", "task", "use", "succeed", "map", "loop", "over", "as", "zip",
        "carry", "start", "next", "until", "max", "with", "after", "when", "output", "outputs",
        "a", "b", "t/any", "${a}", "${b.x}", "${item}", "${", "inputs", "packs", "name", "type",
        "f64", "default", "reduce", "key", "$bytes", "$f64", "run_if", "always", "terrace",
    ];
    fn value(random: &mut SplitMix64, words: &[&str], depth: usize) -> Value {
        let word = |random: &mut SplitMix64| words[random.below(words.len())];
        match random.below(if depth == 0 { 6 } else { 14 }) {
            0 => Value::Null,
            1 => Value::from(random.below(2) == 0),
            2 => Value::from(random.next() as i64 >> random.below(64)),
            3 => Value::from(&b"bytes"[..]),
            4 | 5 => Value::from(word(random)),
            6 | 7 => {
                let items = (0..random.below(4)).map(|_| value(random, words, depth - 1)).collect();
                Value::list(items).unwrap()
            }
            _ => {
                let mut entries: Vec<(String, Value)> = Vec::new();
                for _ in 0..random.below(6) {
                    let key = word(random).to_owned();
                    if entries.iter().all(|(known, _)| *known != key) {
                        entries.push((key, value(random, words, depth - 1)));
                    }
                }
                Value::map(entries).unwrap()
            }
        }
    }
    let tasks = TestTasks::new();
    for seed in 0..30_000 {
        let mut random = SplitMix64(seed);
        if let Ok(mut draft) = Draft::from_value(&value(&mut random, &words, 6)) {
            draft.link(&mut |_, _| Err("not here".to_owned()));
            let _ = draft.write(Format::Yaml);
            let _ = draft.validate(&tasks);
        }
    }
}

#[test]
fn names_that_go_through_many_bodies_are_counted() {
    let outer: String = (0..40_000).map(|at| format!("o{at}: {{}}, ")).collect();
    let names: Vec<String> = (0..40_000).map(|at| format!("\"${{o{at}}}\"")).collect();
    let mut text = format!("{{ task: t/any, with: {{ x: [{}] }} }}", names.join(", "));
    for level in 0..20 {
        text = format!("{{ nodes: {{ n{level}: {text} }} }}");
    }
    let text = format!("terrace: 1\nnodes: {{ top: {text}, {outer} }}\n");
    let problems = Draft::read(&Source::new("flow", text, Format::Yaml)).unwrap().problems;
    let said = problems[0].to_string();
    assert!(said.contains("more than 500000 values from outside"), "{said}");
}

#[test]
fn many_items_and_many_uses_of_them_end() {
    // In time that grows with the square of their number they would not.
    let items: String = (0..200_000).map(|at| format!("i{at}: [1], ")).collect();
    let uses: Vec<String> = (0..200_000).map(|at| format!("\"${{i{at}}}\"")).collect();
    let nodes: String = (0..20_000).map(|at| format!("n{at}: {{ task: t/any }}, ")).collect();
    let text = format!(
        "terrace: 1\nnodes:\n  m:\n    map: {{ zip: {{ {items} }} }}\n    \
         nodes: {{ a: {{ task: t/any, with: {{ x: [{}] }} }}, {nodes} }}\n",
        uses.join(", ")
    );
    let draft = Draft::read(&Source::new("flow", text, Format::Yaml)).unwrap();
    assert!(draft.problems.is_empty(), "{:?}", draft.problems.first());
}
