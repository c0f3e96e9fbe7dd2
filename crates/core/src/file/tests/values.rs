//! What single texts mean, and what a tree looks like when printed.

use super::super::{Key, Kind, Tree, print};
use super::{json, problems, toml, yaml};
use crate::source::{Format, Span};

fn string(text: &str) -> Kind {
    Kind::Str(text.to_owned())
}

#[test]
fn plain_yaml_scalars_follow_the_core_schema() {
    for text in ["", "~", "null", "Null", "NULL", "# nothing"] {
        assert_eq!(yaml(text).kind, Kind::Null, "{text}");
    }
    for (text, value) in [
        ("true", Kind::Bool(true)),
        ("True", Kind::Bool(true)),
        ("FALSE", Kind::Bool(false)),
        ("0", Kind::I64(0)),
        ("-0", Kind::I64(0)),
        ("+12", Kind::I64(12)),
        ("012", Kind::I64(12)),
        ("0o14", Kind::I64(12)),
        ("0x1f", Kind::I64(31)),
        ("-9223372036854775808", Kind::I64(i64::MIN)),
        ("9223372036854775808", Kind::U64(1 << 63)),
        ("0xffffffffffffffff", Kind::U64(u64::MAX)),
        ("1.", Kind::F64(1.0)),
        (".5", Kind::F64(0.5)),
        ("1e3", Kind::F64(1000.0)),
        ("-1.5E-3", Kind::F64(-0.0015)),
        ("-0.0", Kind::F64(-0.0)),
        (".inf", Kind::F64(f64::INFINITY)),
        ("+.Inf", Kind::F64(f64::INFINITY)),
        ("-.INF", Kind::F64(f64::NEG_INFINITY)),
        (".NaN", Kind::F64(f64::NAN)),
        ("!!str 12", string("12")),
        ("! 12", string("12")),
        ("!!int \"12\"", Kind::I64(12)),
        ("!!float 12", Kind::F64(12.0)),
        ("!!null ''", Kind::Null),
        ("!!str", string("")),
    ] {
        assert_eq!(yaml(text).kind, value, "{text}");
    }
    for text in [
        "yes",
        "on",
        "1:30",
        "1_000",
        "2024-01-01",
        "0o8",
        "0x",
        "-0x1",
        "0x-1",
        "0xg",
        "1e",
        "e3",
        ".",
        "+",
        ".e1",
        "+.nan",
        "inf",
        "nan",
        "tRUE",
        "nULL",
        "--1",
        "1.2.3",
        "0b1",
    ] {
        assert_eq!(yaml(text).kind, string(text), "{text}");
    }
    for text in ["'1'", "\"true\"", "'~'", "\"\"", "|-\n  12", ">-\n  null"] {
        assert!(matches!(yaml(text).kind, Kind::Str(_)), "{text}");
    }
}

#[test]
fn yaml_keys_are_the_text_as_written() {
    let tree =
        yaml("1: a\ntrue: b\n~: c\n0x1F: d\n'': e\n? |-\n  f\n: g\n\"\\u00e9\": h\n'<<': i\n");
    for (name, value) in [
        ("1", "a"),
        ("true", "b"),
        ("~", "c"),
        ("0x1F", "d"),
        ("", "e"),
        ("f", "g"),
        ("é", "h"),
        ("<<", "i"),
    ] {
        assert_eq!(tree.get(name).map(|value| &value.kind), Some(&string(value)), "{name}");
    }
}

#[test]
fn an_alias_repeats_the_value_and_points_at_itself() {
    let text = "a: &x { k: [1, 2] }\nb: *x\nc: [*x, &y 3, *y]\n";
    let tree = yaml(text);
    assert_eq!(tree.get("a"), tree.get("b"));
    let alias = tree.get("b").unwrap();
    assert_eq!(&text[alias.span.range()], "*x");
    assert_eq!(&text[alias.get("k").unwrap().span.range()], "[1, 2]");
    assert_eq!(tree.get("c").unwrap(), &yaml("[{ k: [1, 2] }, 3, 3]"));
    assert_eq!(yaml("[&x 1, &x 2, *x]"), yaml("[1, 2, 2]"));
}

#[test]
fn spans_of_blocks_begin_and_end_with_their_text() {
    let text = "a:\n- x\n- - y\n  - z\n\nb:   # note\n  k: |  # why\n    one\n\n  l: >-\n    two\n    three\n\n\nc:\nd : \n";
    let tree = yaml(text);
    let slice = |tree: &Tree| text[tree.span.range()].to_owned();
    assert_eq!(slice(tree.get("a").unwrap()), "- x\n- - y\n  - z");
    let Kind::Seq(items) = &tree.get("a").unwrap().kind else { panic!("a is no list") };
    assert_eq!(slice(&items[1]), "- y\n  - z");
    let b = tree.get("b").unwrap();
    assert_eq!(slice(b), "k: |  # why\n    one\n\n  l: >-\n    two\n    three");
    assert_eq!(slice(b.get("k").unwrap()), "|  # why\n    one");
    assert_eq!(b.get("k").unwrap().kind, string("one\n"));
    assert_eq!(slice(b.get("l").unwrap()), ">-\n    two\n    three");
    assert_eq!(tree.get("c").unwrap().span, Span::new(text.len() - 6, text.len() - 6));
    assert_eq!(tree.get("d").unwrap().span, Span::new(text.len() - 2, text.len() - 2));
}

#[test]
fn byte_order_marks_and_windows_line_ends_are_taken() {
    for (tree, text) in [
        (yaml("\u{feff}a: é\r\nb: |\r\n  x\r\n"), "\u{feff}a: é\r\nb: |\r\n  x\r\n"),
        (
            json("\u{feff}{\"a\": \"é\",\r\n\"b\": \"x\\n\"}"),
            "\u{feff}{\"a\": \"é\",\r\n\"b\": \"x\\n\"}",
        ),
        (toml("\u{feff}a = \"é\"\r\nb = \"x\\n\"\r\n"), "\u{feff}a = \"é\"\r\nb = \"x\\n\"\r\n"),
    ] {
        assert_eq!(tree, yaml("{a: é, b: \"x\\n\"}"), "{text}");
        let Kind::Map(entries) = &tree.kind else { panic!("no map") };
        assert_eq!(text[entries[0].0.span.range()].trim_matches('"'), "a");
        assert_eq!(text[entries[0].1.span.range()].trim_matches('"'), "é");
    }
}

#[test]
fn toml_keeps_the_order_of_the_file() {
    let text = "z = 1\na.y = 2\na.b = 3\n[t.u]\nv = 4\n[s]\nw = [{ q = 1, p = 2 }]\n[[r]]\n[[r]]\nx = -0\n[t]\nk = 0xff\n";
    let same =
        "{z: 1, a: {y: 2, b: 3}, s: {w: [{q: 1, p: 2}]}, r: [{}, {x: 0}], t: {u: {v: 4}, k: 255}}";
    assert_eq!(toml(text), yaml(same));
    assert_eq!(&text[toml(text).get("s").unwrap().span.range()], "[s]");
}

#[test]
fn toml_floats_may_be_infinite_when_written_so() {
    let tree = toml("a = [inf, -inf, nan, -nan, +inf, 1e5, 1_0.5]");
    assert_eq!(tree.get("a").unwrap(), &yaml("[.inf, -.inf, .nan, .nan, .inf, 1e5, 10.5]"));
}

#[test]
fn json_numbers_keep_their_kind() {
    let tree = json("[1, -1, 1.0, 1e2, -0, -0.0, 18446744073709551615]");
    let same = [
        Kind::I64(1),
        Kind::I64(-1),
        Kind::F64(1.0),
        Kind::F64(100.0),
        Kind::I64(0),
        Kind::F64(-0.0),
        Kind::U64(u64::MAX),
    ];
    let Kind::Seq(items) = tree.kind else { panic!("no list") };
    assert!(items.iter().map(|item| &item.kind).eq(same.iter()));
    assert_eq!(json(r#""\ud83e\udd80""#).kind, string("🦀"));
}

fn sample() -> Tree {
    yaml(
        "terrace: 1\nname: vqe-h2\npacks: { quantum: '^0.1' }\n\
         inputs: { theta: { type: f64, default: -0.22368 }, on: { type: str, default: 'yes' } }\n\
         nodes:\n  ansatz: { task: quantum/build_ansatz, with: { theta: '${inputs.theta}' }, retry: {} }\n  \
         measure:\n    map: { over: [ZI, IZ], as: pauli }\n    rows: [[1, 2], [], [{ a: 1.0e300 }]]\n    \
         note: |\n      two\n      lines\n    timeout: 5s\n\
         list: [{ a: 1, b: [x] }, { a: 2, b: [y] }]\noutputs: { energy: '${energy}' }\n",
    )
}

#[test]
fn yaml_looks_like_a_person_wrote_it() {
    insta::assert_snapshot!(print(&sample(), Format::Yaml).unwrap(), @r#"
    terrace: 1
    name: vqe-h2
    packs: { quantum: "^0.1" }
    inputs:
      theta: { type: f64, default: -0.22368 }
      "on": { type: str, default: "yes" }
    nodes:
      ansatz:
        task: quantum/build_ansatz
        with: { theta: "${inputs.theta}" }
        retry: {}
      measure:
        map:
          over: [ZI, IZ]
          as: pauli
        rows:
          - [1, 2]
          - []
          - - { a: 1.0e+300 }
        note: "two\nlines\n"
        timeout: "5s"
    list:
      - a: 1
        b: [x]
      - a: 2
        b: ["y"]
    outputs: { energy: "${energy}" }
    "#);
}

#[test]
fn toml_puts_the_last_tables_under_headers() {
    insta::assert_snapshot!(print(&sample(), Format::Toml).unwrap(), @r#"
    terrace = 1
    name = "vqe-h2"
    packs = { quantum = "^0.1" }
    
    [inputs]
    theta = { type = "f64", default = -0.22368 }
    on = { type = "str", default = "yes" }
    
    [nodes]
    
    [nodes.ansatz]
    task = "quantum/build_ansatz"
    with = { theta = "${inputs.theta}" }
    retry = {}
    
    [nodes.measure]
    map = { over = ["ZI", "IZ"], as = "pauli" }
    rows = [[1, 2], [], [{ a = 1.0e+300 }]]
    note = "two\nlines\n"
    timeout = "5s"
    
    [[list]]
    a = 1
    b = ["x"]
    
    [[list]]
    a = 2
    b = ["y"]
    
    [outputs]
    energy = "${energy}"
    "#);
}

#[test]
fn json_is_indented_by_two() {
    let tree = yaml("{ a: [], b: {}, c: [1, { d: 2.0 }], e: \"\\e\\u200f\" }");
    insta::assert_snapshot!(print(&tree, Format::Json).unwrap(), @r#"
    {
      "a": [],
      "b": {},
      "c": [
        1,
        {
          "d": 2.0
        }
      ],
      "e": "\u001b\u200f"
    }
    "#);
}

#[test]
fn what_a_format_cannot_hold_is_refused_with_its_path() {
    let tree = yaml("nodes: { a b: [1, ~, .inf], c: 9223372036854775808 }\nx: -.inf\n");
    let refused = |tree: &Tree, format| {
        let problems = print(tree, format).unwrap_err();
        problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(refused(&tree, Format::Toml), @r#"
    `nodes.a b[1]` is null, which TOML cannot write (leave the key out)
    `nodes.c` is above 9223372036854775807, the last integer of TOML (quote it)
    "#);
    insta::assert_snapshot!(refused(&tree, Format::Json), @r#"
    `nodes.a b[2]` is inf, which JSON cannot write (quote it)
    `x` is -inf, which JSON cannot write (quote it)
    "#);
    insta::assert_snapshot!(refused(&yaml("[]"), Format::Toml), @r#"
    the root is a list, and a TOML file is a map (print it as YAML)
    "#);
}

#[test]
fn a_tree_deeper_than_the_limit_is_not_printed() {
    let mut tree = yaml("1");
    for depth in 1..=65 {
        tree = match depth % 2 {
            0 => Tree::new(Kind::Seq(vec![tree]), Span::default()),
            _ => {
                let key = Key { name: "k".to_owned(), span: Span::default() };
                Tree::new(Kind::Map(vec![(key, tree)]), Span::default())
            }
        };
        for format in [Format::Yaml, Format::Json, Format::Toml] {
            let root_fits = format != Format::Toml || matches!(tree.kind, Kind::Map(_));
            match print(&tree, format) {
                Ok(printed) => {
                    assert!(depth <= 64);
                    let again = super::read(format, &printed);
                    assert_eq!(again.unwrap_or_else(|e| panic!("{depth} {e:?}\n{printed}")), tree);
                }
                Err(_) => assert!(depth == 65 || !root_fits, "{depth} {format:?}"),
            }
        }
    }
}

#[test]
fn an_error_of_grammar_names_its_language() {
    assert!(problems(Format::Yaml, "'a").contains("not valid YAML"));
    assert!(problems(Format::Json, "'a'").contains("not valid JSON"));
    assert!(problems(Format::Toml, "a = yes").contains("not valid TOML"));
}
