//! Where mistakes in references are shown: the bytes pointed at, in scalars of every style.

use terrace_core::Format::{self, Json, Toml, Yaml};

use crate::file_catalog::problems;

/// The part of the text that the only problem of an argument points at, then what it says.
fn mistake(format: Format, value: &str) -> (String, String) {
    let text = match format {
        Toml => format!(
            "terrace = 1\ninputs.size = \"any\"\nnodes.ansatz.task = \"t/any\"\n\
             [nodes.n]\ntask = \"t/any\"\nwith.x = {value}\n"
        ),
        Json => format!(
            "{{\"terrace\": 1, \"inputs\": {{\"size\": \"any\"}}, \"nodes\": {{\
             \"ansatz\": {{\"task\": \"t/any\"}},\n\
             \"n\": {{\"task\": \"t/any\", \"with\": {{\"x\": {value}}}}}}}}}"
        ),
        _ => format!(
            "terrace: 1\ninputs: {{ size: any }}\nnodes:\n  ansatz: {{ task: t/any }}\n  \
             n:\n    task: t/any\n    with:\n      x: {value}\n"
        ),
    };
    let found = problems(format, &text);
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), 2, "{text}\n{found}");
    let shown = lines[1].strip_prefix("    ").unwrap_or_default();
    let said = lines[0].splitn(4, ':').nth(3).unwrap_or_default();
    (shown.to_owned(), said.trim_start().to_owned())
}

#[test]
fn the_name_that_is_unknown_is_shown() {
    for (format, value, shown) in [
        (Yaml, "${anzatz}", "anzatz"),
        (Yaml, "'${anzatz}'", "anzatz"),
        (Yaml, "\"${anzatz.x}\"", "anzatz"),
        (Yaml, "é ${ansatz} ${anzatz} end", "anzatz"),
        (Yaml, "[1, [a, '${anzatz}']]", "anzatz"),
        (Yaml, "{ k: { l: '${anzatz}' } }", "anzatz"),
        (Yaml, "\"${inputs.sise}\"", "sise"),
        (Yaml, "'${inputs[\"sise\"].x}'", "\\\"sise\\\""),
        (Yaml, "|\n        first ${ansatz}\n        then ${anzatz} line\n", "anzatz"),
        (Yaml, ">-\n        ${ansatz}\n        ${anzatz}", "anzatz"),
        (Yaml, "\"\\t${anzatz}\"", "anzatz"),
        (Yaml, "\"\\x24{anzatz}\"", "\\\"\\\\x24{anzatz}\\\""),
        (Toml, "\"${anzatz}\"", "anzatz"),
        (Toml, "'${ansatz} ${anzatz}'", "anzatz"),
        (Toml, "\"\"\"\n${anzatz}\\\n  x\"\"\"", "anzatz"),
        (Json, "\"${anzatz}\"", "anzatz"),
        (Json, "\"\\u00e9 ${anzatz} ${ansatz}\"", "anzatz"),
    ] {
        let (slice, said) = mistake(format, value);
        assert_eq!(slice, shown, "{value}: {said}");
        assert!(said.starts_with("unknown "), "{value}: {said}");
    }
}

#[test]
fn the_part_that_is_no_reference_is_shown() {
    let mut lines = Vec::new();
    for (value, shown) in [
        ("${}", "${}"),
        ("a ${ansatz", "${ansatz"),
        ("${", "${"),
        ("${ ansatz }", " "),
        ("${ansatz }", " "),
        ("${9}", "${9"),
        ("${{ansatz}}", "${{"),
        ("x ${ansatz+1} y", "+"),
        ("${ansatz.}", "."),
        ("${ansatz.0}", ".0"),
        ("${ansatz[]}", "[]"),
        ("${ansatz[-1]}", "[-1]"),
        ("${ansatz[01]}", "[01]"),
        ("${ansatz[x]}", "[x]"),
        ("${ansatz[99999999999999999999]}", "99999999999999999999"),
        ("${ansatz[1,2]}", "[1,"),
        ("${ansatz[\"a\\q\"]}", "[\\\"a\\\\q\\\""),
        ("${ansatz[\"a]}", "${ansatz[\\\"a]}"),
        ("${inputs}", "inputs"),
        ("${inputs[0]}", "inputs[0]"),
        ("${run}", "run"),
        ("${run.name}", "run.name"),
        ("${workflow.file.x}", "workflow.file.x"),
        ("${item.x}", "item"),
        ("${index}", "index"),
        ("${key}", "key"),
        ("${env:HOME}", ":"),
        ("${ansatz:-default}", ":"),
    ] {
        let (slice, said) = mistake(Yaml, &format!("'{value}'"));
        assert_eq!(slice, shown, "{value}: {said}");
        lines.push(format!("{value}  {said}"));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    ${}  `${}` refers to nothing (a reference is `${node}`, `${inputs.x}` or `${run.id}`; write `$${` where `${` is meant as text)
    a ${ansatz  this `${` has no `}` (add the `}`; write `$${` where `${` is meant as text)
    ${  this `${` has no `}` (add the `}`; write `$${` where `${` is meant as text)
    ${ ansatz }  no blanks may stand inside `${…}` (write `${node}`; write `$${` where `${` is meant as text)
    ${ansatz }  no blanks may stand inside `${…}` (write `${node}`; write `$${` where `${` is meant as text)
    ${9}  `${9` does not begin a reference (a reference is `${node}`, `${inputs.x}` or `${run.id}`; write `$${` where `${` is meant as text)
    ${{ansatz}}  `${{` does not begin a reference (a reference is `${node}`, `${inputs.x}` or `${run.id}`; write `$${` where `${` is meant as text)
    x ${ansatz+1} y  unexpected `+` inside `${…}` (a reference goes on with `.field`, `[0]` or `["key"]` and ends with `}`; write `$${` where `${` is meant as text)
    ${ansatz.}  a name must follow the `.` (a key with other characters is `["any key"]`)
    ${ansatz.0}  a name must follow the `.` (the item at a position is `[0]`)
    ${ansatz[]}  this is neither a position nor a key (write `[0]` or `["key"]`)
    ${ansatz[-1]}  this is neither a position nor a key (positions count from 0)
    ${ansatz[01]}  this is neither a position nor a key (write the number without zeros in front)
    ${ansatz[x]}  this is neither a position nor a key (a key stands in double quotes: `["key"]`)
    ${ansatz[99999999999999999999]}  this position does not fit in 64 bits (positions count from 0)
    ${ansatz[1,2]}  expected `]` (one position or one key in double quotes stands between `[` and `]`)
    ${ansatz["a\q"]}  this key is not a valid JSON string (the escapes are JSON's: `\"`, `\\`, `\n`, `\u00e9`)
    ${ansatz["a]}  this `${` has no `}` (add the `}`; write `$${` where `${` is meant as text)
    ${inputs}  `${inputs}` refers to nothing (write `${inputs.NAME}`)
    ${inputs[0]}  `${inputs[0]}` refers to nothing (write `${inputs.NAME}`)
    ${run}  `${run}` refers to nothing (write `${run.id}` or `${run.seed}`)
    ${run.name}  `${run.name}` refers to nothing (write `${run.id}` or `${run.seed}`)
    ${workflow.file.x}  `${workflow.file.x}` refers to nothing (write `${workflow.dir}`)
    ${item.x}  `${item}` stands only in the body of a `map`
    ${index}  `${index}` stands only in the body of a `map` or `loop`
    ${key}  `${key}` stands only in the body of a `map`
    ${env:HOME}  unexpected `:` inside `${…}` (a reference goes on with `.field`, `[0]` or `["key"]` and ends with `}`; write `$${` where `${` is meant as text)
    ${ansatz:-default}  unexpected `:` inside `${…}` (a reference goes on with `.field`, `[0]` or `["key"]` and ends with `}`; write `$${` where `${` is meant as text)
    "#);
}

#[test]
fn each_mistake_of_a_string_is_reported() {
    let text =
        "terrace: 1\nnodes:\n  n: { task: t/any, with: { x: '${} ${n.} ${m}', y: '${ n}' } }";
    insta::assert_snapshot!(problems(Yaml, text), @r#"
    flow:3:33: `${}` refers to nothing (a reference is `${node}`, `${inputs.x}` or `${run.id}`; write `$${` where `${` is meant as text)
        ${}
    flow:3:40: a name must follow the `.` (a key with other characters is `["any key"]`)
        .
    flow:3:56: no blanks may stand inside `${…}` (write `${node}`; write `$${` where `${` is meant as text)
    "#);
}
