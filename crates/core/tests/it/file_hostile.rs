//! Files made to exhaust memory or stack, and files that are half broken.

use terrace_core::{Draft, Format, Limits, Place, Source};

use crate::file_catalog::{TestTasks, load};
use crate::file_write::SplitMix64;

/// Of each of three files.
const MUTATIONS: u64 = 7_000;

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

const SEEDS: [(Format, &str); 3] = [
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
];

/// Pieces that tear texts apart where it matters.
const PIECES: &[&str] = &[
    "${", "}", "$${", "$", "[", "]", "{", ":", ",", "\"", "'", "\\", "\n", " ", "\t", "é",
    "\u{feff}", ".", "0", "-", "*a", "&a", "null", "inputs", "run", "item", "task", "with", "$f64",
    "|", "#", "=",
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
