//! `parse(print(t)) == t` for random trees, and spans that cover the text of their nodes.

use super::super::{Key, Kind, Tree, print};
use super::{json, read, yaml};
use crate::source::{Format, Source, Span};

const TREES: u64 = 3_000;

/// Steele, Lea and Flood's generator: a seed in a failure is enough to see it again.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

fn node(kind: Kind) -> Tree {
    Tree::new(kind, Span::default())
}

const TRICKY: &[&str] = &[
    "",
    " ",
    "yes",
    "No",
    "on",
    "y",
    "null",
    "Null",
    "~",
    "true",
    "FALSE",
    "012",
    "0o14",
    "0x1F",
    "1:30",
    ".5",
    "5.",
    "1e3",
    "-.inf",
    ".nan",
    "nan",
    "inf",
    "2024-01-01",
    "2024-01-01T10:00:00Z",
    "1_000",
    "<<",
    "=",
    "-",
    "--",
    "---",
    "...",
    "?",
    ":",
    "a: b",
    "a:b",
    "a #b",
    "#a",
    " a",
    "a ",
    "\ta",
    "a\t",
    "\n",
    "a\nb",
    "a\n\nb\n",
    "a\r\nb",
    "\r",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "\\n",
    "[a]",
    "{a}",
    "a,b",
    "[",
    "]",
    "{",
    "}",
    "*a",
    "&a",
    "!a",
    "!!str",
    "%a",
    "@a",
    "`a`",
    "|",
    ">",
    "${a.b[0]}",
    "a/b",
    "a.b",
    "a-b",
    "-1",
    "+1",
    "99999999999999999999",
    "\u{0}",
    "\u{7}",
    "\u{1b}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "\u{ffff}",
    "\u{1ffff}",
    "é",
    "日本語",
    "שלום",
    "🦀",
    "e\u{301}",
    "\u{10ffff}",
    "quantum/build_ansatz",
];

fn text(random: &mut SplitMix64) -> String {
    match random.below(4) {
        0 => (*random.pick(TRICKY)).to_owned(),
        1 => format!("{}{}", random.pick(TRICKY), random.pick(TRICKY)),
        2 => (0..random.below(12)).map(|_| char(random)).collect(),
        _ => {
            let letters = b"abcxyzABC_019-./";
            let letter = |random: &mut SplitMix64| char::from(*random.pick(letters));
            // Now and then past the longest key that YAML takes without `?`.
            let length = if random.below(60) == 0 { 1_500 } else { random.below(20) };
            (0..length).map(|_| letter(random)).collect()
        }
    }
}

fn char(random: &mut SplitMix64) -> char {
    let bound = *random.pick(&[0x80, 0x80, 0x100, 0x3000, 0x1_0000, 0x11_0000]);
    char::from_u32(random.below(bound) as u32).unwrap_or('\u{d7ff}')
}

fn float(random: &mut SplitMix64, format: Format) -> f64 {
    let special = [0.0, -0.0, 1.0, 1e16, 1e-7, 0.1, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e300];
    let endless = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN];
    match random.below(4) {
        0 => *random.pick(&special),
        1 if format != Format::Json => *random.pick(&endless),
        2 => f64::from(random.below(100_000) as u32) / 100.0,
        _ => match f64::from_bits(random.next()) {
            float if float.is_finite() => float,
            _ => 2.5,
        },
    }
}

fn tree(random: &mut SplitMix64, format: Format, depth: usize) -> Tree {
    node(match random.below(if depth == 0 { 7 } else { 11 }) {
        0 if format != Format::Toml => Kind::Null,
        1 => Kind::Bool(random.below(2) == 0),
        2 => Kind::I64(random.next() as i64 >> random.below(64)),
        3 if format != Format::Toml => Kind::U64(random.next() | 1 << 63),
        4 => Kind::F64(float(random, format)),
        0..7 => Kind::Str(text(random)),
        7 | 8 => {
            let length = random.below(5);
            // Lists of maps are tables in TOML; make them as likely as others.
            let maps = random.below(3) == 0;
            let item = |random: &mut SplitMix64| {
                if maps { map(random, format, depth - 1) } else { tree(random, format, depth - 1) }
            };
            Kind::Seq((0..length).map(|_| item(random)).collect())
        }
        _ => return map(random, format, depth - 1),
    })
}

fn map(random: &mut SplitMix64, format: Format, depth: usize) -> Tree {
    let mut entries: Vec<(Key, Tree)> = Vec::new();
    for _ in 0..random.below(5) {
        let name = text(random);
        let value = tree(random, format, depth);
        if entries.iter().all(|(key, _)| key.name != name) {
            entries.push((Key { name, span: Span::default() }, value));
        }
    }
    node(Kind::Map(entries))
}

/// Random trees of a format with what they print as.
fn each(format: Format, mut claim: impl FnMut(u64, &Tree, &str)) {
    for seed in 0..TREES {
        let mut random = SplitMix64(seed);
        let tree = match format {
            Format::Toml => map(&mut random, format, 4),
            _ => tree(&mut random, format, 5),
        };
        let printed = print(&tree, format)
            .unwrap_or_else(|problems| panic!("seed {seed}, {format:?}: {problems:?}\n{tree:?}"));
        claim(seed, &tree, &printed);
    }
}

#[test]
fn what_is_printed_reads_back_as_the_same_tree() {
    for format in [Format::Yaml, Format::Json, Format::Toml] {
        each(format, |seed, tree, printed| match read(format, printed) {
            Ok(again) => {
                assert!(again == *tree, "seed {seed}, {format:?}:\n{printed}\n{tree:?}\n{again:?}")
            }
            Err(problems) => panic!("seed {seed}, {format:?}: {problems:?}\n{printed}"),
        });
    }
}

#[test]
fn printing_again_changes_nothing() {
    for format in [Format::Yaml, Format::Json, Format::Toml] {
        each(format, |seed, _, printed| {
            let again = read(format, printed).and_then(|tree| print(&tree, format)).unwrap();
            assert_eq!(again, printed, "seed {seed}, {format:?}");
        });
    }
}

#[test]
fn json_is_yaml_too() {
    each(Format::Json, |seed, tree, printed| match read(Format::Yaml, printed) {
        Ok(again) => assert!(again == *tree, "seed {seed}:\n{printed}\n{again:?}"),
        // A key of more than 1024 characters is JSON's alone.
        Err(_) => assert!(printed.len() > 1_000, "seed {seed}:\n{printed}"),
    });
}

#[test]
fn a_span_covers_the_text_of_its_node() {
    for (format, reread) in [(Format::Yaml, yaml as fn(&str) -> Tree), (Format::Json, json)] {
        each(format, |seed, _, printed| {
            let mut nodes = vec![read(format, printed).unwrap()];
            while let Some(tree) = nodes.pop() {
                let slice = &printed[tree.span.range()];
                assert_eq!(slice.trim(), slice, "seed {seed}, {format:?}:\n{printed}");
                // The lines of a block are indented as they stand in the whole text.
                let block = format == Format::Yaml && slice.contains('\n');
                assert!(block || reread(slice) == tree, "seed {seed}, {format:?}: {slice:?}");
                match tree.kind {
                    Kind::Seq(items) => nodes.extend(items),
                    Kind::Map(entries) => nodes.extend(entries.into_iter().map(|(key, value)| {
                        let raw = &printed[key.span.range()];
                        assert!(reread(raw).kind == Kind::Str(key.name), "seed {seed}: {raw:?}");
                        value
                    })),
                    _ => {}
                }
            }
        });
    }
}

#[test]
fn truncated_and_altered_texts_do_not_panic() {
    for format in [Format::Yaml, Format::Json, Format::Toml] {
        each(format, |seed, _, printed| {
            let mut random = SplitMix64(seed ^ 0x5eed);
            let chars: Vec<char> = printed.chars().collect();
            let mut altered = chars[..random.below(chars.len() + 1)].to_vec();
            for _ in 0..random.below(4) {
                let at = random.below(altered.len() + 1);
                altered.insert(
                    at,
                    *random.pick(&[
                        '"', '\'', '[', '}', ':', '\n', '\t', '#', '=', ',', '&', '*', '!', '|',
                        '-', 'é', ' ',
                    ]),
                );
            }
            let altered: String = altered.into_iter().collect();
            if let Err(problems) = read(format, &altered) {
                let source = Source::new("", altered.as_str(), format);
                for problem in problems {
                    let crate::problem::Place::Text { span, .. } = problem.place else {
                        panic!("seed {seed}, {format:?}: no place in {problem}")
                    };
                    assert!(
                        source.text().get(span.range()).is_some(),
                        "seed {seed}: {span:?}\n{altered}"
                    );
                }
            }
        });
    }
}
