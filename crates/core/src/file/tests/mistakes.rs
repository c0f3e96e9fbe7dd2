//! The words of errors: what is wrong, where, and what to do.

use super::problems;
use crate::problem::Place;
use crate::source::Format::{Json, Toml, Yaml};

#[test]
fn yaml_unclosed_quote() {
    insta::assert_snapshot!(problems(Yaml, "a: 'q\nb: 1\n"), @r"
    flow:1:4: not valid YAML: this quote is not closed before the text around it ends (close it; a quote that is part of the text goes inside the other kind of quotes)
      2:1: the text around the quote ends here: b
    ");
}

#[test]
fn yaml_unclosed_quote_in_a_list() {
    insta::assert_snapshot!(problems(Yaml, "a: [\"q, r]\n"), @"flow:1:5: not valid YAML: this quote is not closed before the text around it ends (close it; a quote that is part of the text goes inside the other kind of quotes)");
}

#[test]
fn yaml_tab_in_the_indentation() {
    insta::assert_snapshot!(problems(Yaml, "a:\n\t- b\n"), @"flow:2:1: not valid YAML: a tab where only spaces can stand (indent with spaces)");
}

#[test]
fn yaml_duplicate_keys_all_at_once() {
    insta::assert_snapshot!(problems(Yaml, "a: 1\nb: { c: 1, c: 2 }\na: 2\n'a': 3\n"), @r"
    flow:2:12: duplicate key `c` (remove or rename one of the two)
      2:6: first here: c
    flow:3:1: duplicate key `a` (remove or rename one of the two)
      1:1: first here: a
    flow:4:1: duplicate key `a` (remove or rename one of the two)
      1:1: first here: a
    ");
}

#[test]
fn yaml_merge_key() {
    insta::assert_snapshot!(problems(Yaml, "a: &x { k: 1 }\nb:\n  <<: *x\n"), @"flow:3:3: merge keys `<<` are not supported; YAML 1.2 has none (write the entries out, or repeat a whole value by an alias)");
}

#[test]
fn yaml_too_big_an_integer() {
    insta::assert_snapshot!(problems(Yaml, "seed: 18446744073709551616\nlow: -9223372036854775809\n"), @r"
    flow:1:7: this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) (quote it to keep it as text, or write it as a float)
    flow:2:6: this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) (quote it to keep it as text, or write it as a float)
    ");
}

#[test]
fn yaml_too_large_a_float() {
    insta::assert_snapshot!(problems(Yaml, "a: 1e999\n"), @"flow:1:4: this float is larger than the largest one, about 1.8e308 (quote it to keep it as text)");
}

#[test]
fn yaml_unknown_alias() {
    insta::assert_snapshot!(problems(Yaml, "a: *x\nb: [*y, &y 1]\n"), @r"
    flow:1:4: unknown alias `*x` (an alias needs an anchor `&name` before it; quote the text if it is none)
    flow:2:5: unknown alias `*y` (an alias needs an anchor `&name` before it; quote the text if it is none)
    ");
}

#[test]
fn yaml_alias_inside_its_anchor() {
    insta::assert_snapshot!(problems(Yaml, "a: &x [1, *x]\n"), @"flow:1:11: the alias `*x` stands inside its own anchor (write the value out)");
}

#[test]
fn yaml_alias_of_a_key() {
    insta::assert_snapshot!(problems(Yaml, "&x a: 1\nb: *x\n*x : 2\n"), @r"
    flow:2:4: the anchor of `*x` stands on a key (put the anchor on a value)
    flow:3:1: an alias cannot be a key (write the key out)
    ");
}

#[test]
fn yaml_two_documents() {
    insta::assert_snapshot!(problems(Yaml, "a: 1\n---\nb: 2\n"), @"flow:2:1: a second YAML document begins here (a workflow file is one document: remove the `---` or `...` before it)");
}

#[test]
fn yaml_unknown_tag() {
    insta::assert_snapshot!(problems(Yaml, "a: !env HOME\nb: !!binary aGk=\nc: !!int x\nd: !!seq {}\n"), @r"
    flow:1:4: unknown tag `!env` (remove it; text that begins with `!` must be quoted)
    flow:2:4: unknown tag `!!binary` (remove it; text that begins with `!` must be quoted)
    flow:3:4: the tag `!!int` does not fit `x` (remove the tag)
    flow:4:4: the tag `!!seq` does not fit a map (remove the tag)
    ");
}

#[test]
fn yaml_collection_as_key() {
    insta::assert_snapshot!(problems(Yaml, "? [a, [b]]\n: 1\n? { c: d }\n: 2\n"), @r"
    flow:1:3: a list cannot be a key (use a text as key; quote text that begins with `[` or `{`)
    flow:3:3: a map cannot be a key (use a text as key; quote text that begins with `[` or `{`)
    ");
}

#[test]
fn yaml_missing_key() {
    insta::assert_snapshot!(problems(Yaml, ": 1\n"), @r#"flow:1:1: a key is missing here (an empty key is written `""`)"#);
}

#[test]
fn yaml_colon_in_text() {
    insta::assert_snapshot!(problems(Yaml, "a: b: c\n"), @"flow:1:5: not valid YAML: a `:` that makes a key where none can stand (quote text that contains `: `, or put the key on its own, equally indented line)");
}

#[test]
fn yaml_reference_without_quotes() {
    let mut lines = Vec::new();
    for text in [
        "{ x: ${a} }",
        "with: { x: ${a.b[0]}, y: 1 }",
        "[1, ${a}, ${b}]",
        "{ x: v ${a} and ${b} w, y: 1 }",
        "{ x: ${a[\"k, l\"]} }",
        "{ x: it's ${a[\"k\"]} }",
        "{ x: $${a} }",
        "{ x: http://${host}:80/é, y: 1 }",
        "{ ${a}: 1 }",
        "{x:${a}}",
        "{x:\"${a}\"}",
        "{\"x\":${a}}",
        "[${a]",
        "{ x: ${a\n  y: 1 }",
        "{ x: ${a #b} }",
        "x:\n  - { y: [\n    ${a}, # c\n    2] }",
    ] {
        lines.push(pointed(text));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    { x: ${a} }
      ${a}
      flow:1:6: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a}"`)
    with: { x: ${a.b[0]}, y: 1 }
      ${a.b[0]}
      flow:1:12: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a.b[0]}"`)
    [1, ${a}, ${b}]
      ${a}
      flow:1:5: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a}"`)
    { x: v ${a} and ${b} w, y: 1 }
      ${a}
      flow:1:8: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote the whole text: `"v ${a} and ${b} w"`)
    { x: ${a["k, l"]} }
      ${a["k, l"]}
      flow:1:6: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `'${a["k, l"]}'`)
    { x: it's ${a["k"]} }
      ${a["k"]}
      flow:1:11: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote the whole text: `'it''s ${a["k"]}'`)
    { x: $${a} }
      ${a}
      flow:1:7: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote the whole text: `"$${a}"`)
    { x: http://${host}:80/é, y: 1 }
      ${host}
      flow:1:13: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote the whole text: `"http://${host}:80/é"`)
    { ${a}: 1 }
      ${a}
      flow:1:3: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a}"`)
    {x:${a}}
      ${a}
      flow:1:4: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (put a space after the colon and quote it: `x: "${a}"`)
    {x:"${a}"}
      "
      flow:1:4: not valid YAML: this quote is not closed before the text around it ends (close it; a quote that is part of the text goes inside the other kind of quotes)
      1:9: the text around the quote ends here: "
    {"x":${a}}
      ${a}
      flow:1:6: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a}"`)
    [${a]
      ${a
      flow:1:2: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (put it in quotes, as in `"${a}"`)
    { x: ${a
      y: 1 }
      {
      flow:1:1: not valid YAML: this bracket is never closed (add the missing `]` or `}`)
    { x: ${a #b} }
      ${a #b}
      flow:1:6: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a #b}"`)
    x:
      - { y: [
        ${a}, # c
        2] }
      ${a}
      flow:3:5: not valid YAML: a `${…}` without quotes inside `{ }` or `[ ]`, where its brace begins a map (quote it: `"${a}"`)
    "#);
}

#[test]
fn yaml_reference_beside_a_colon_or_a_quote() {
    let mut lines = Vec::new();
    for text in [
        "x: ${a}: b # c",
        "x: v ${a} b: c",
        "x: ${a[\"k: v\"]}",
        "x: 'it' ${a}",
        "x: \"${a[\"b\"]}\"",
        "x: '${a['b']} c'",
        "x: \"${a} \"b\"\"",
    ] {
        lines.push(pointed(text));
    }
    insta::assert_snapshot!(lines.join("\n"), @r#"
    x: ${a}: b # c
      ${a}
      flow:1:4: not valid YAML: a `${…}` in text without quotes, which cannot hold a `: ` (quote the whole text: `"${a}: b"`)
      1:8: this makes it a key: :
    x: v ${a} b: c
      ${a}
      flow:1:6: not valid YAML: a `${…}` in text without quotes, which cannot hold a `: ` (quote the whole text: `"v ${a} b: c"`)
      1:12: this makes it a key: :
    x: ${a["k: v"]}
      ${a["k: v"]}
      flow:1:4: not valid YAML: a `${…}` in text without quotes, which cannot hold a `: ` (quote it: `'${a["k: v"]}'`)
      1:10: this makes it a key: :
    x: 'it' ${a}
      $
      flow:1:9: not valid YAML: something follows after the closing quote (a quote inside the text is written `\"` in double and `''` in single quotes)
    x: "${a["b"]}"
      ${a["b"]}
      flow:1:5: not valid YAML: the text ends at the quote inside this `${…}` (put the whole text in single quotes, as in `'${a["b"]}'`)
    x: '${a['b']} c'
      ${a['b']}
      flow:1:5: not valid YAML: the text ends at the quote inside this `${…}` (write `"` inside the brackets, as in `'${a["b"]}'`)
    x: "${a} "b""
      b
      flow:1:11: not valid YAML: something follows after the closing quote (a quote inside the text is written `\"` in double and `''` in single quotes)
    "#);
}

/// The text, what is wrong with it, and the part that is pointed at.
fn pointed(text: &str) -> String {
    let found = super::read(Yaml, text).unwrap_err();
    let Place::Text { span, .. } = &found[0].place else { panic!("{found:?}") };
    format!("{text}\n  {}\n  {}", &text[span.range()], problems(Yaml, text))
}

#[test]
fn yaml_text_after_a_list() {
    insta::assert_snapshot!(problems(Yaml, "- a\nb\n"), @"flow:2:1: not valid YAML: a key without a `:` after it (write `key: value`; text that runs over several lines is indented below its key)");
}

#[test]
fn yaml_wrong_indentation() {
    insta::assert_snapshot!(problems(Yaml, "a:\n    b: 1\n  c: 2\n"), @"flow:3:3: not valid YAML: this line belongs to nothing above it (indent it like the other entries of its list or map)");
}

#[test]
fn yaml_unclosed_bracket() {
    insta::assert_snapshot!(problems(Yaml, "a: [1,\nb: 2\n"), @"flow:1:4: not valid YAML: this bracket is never closed (add the missing `]` or `}`)");
}

#[test]
fn yaml_wrong_bracket() {
    insta::assert_snapshot!(problems(Yaml, "a: [1}\n"), @"flow:1:4: not valid YAML: this bracket is closed by one of the other kind (close each `[` with `]` and each `{` with `}`; quote text that contains them)");
}

#[test]
fn yaml_unknown_escape() {
    insta::assert_snapshot!(problems(Yaml, "a: \"C:\\dir\"\n"), @r#"flow:1:7: not valid YAML: an unknown escape in double quotes (a backslash is written `\\`; in single quotes it stands for itself)"#);
}

#[test]
fn yaml_lone_surrogate() {
    insta::assert_snapshot!(problems(Yaml, "a: \"\\ud800\"\n"), @r#"flow:1:4: not valid YAML: half of a surrogate pair in a `\u` escape (write both halves, or the character itself)"#);
}

#[test]
fn yaml_at_sign() {
    insta::assert_snapshot!(problems(Yaml, "a: @b\n"), @"flow:1:4: not valid YAML: text cannot begin with this character (put the text in quotes)");
}

#[test]
fn yaml_control_character() {
    insta::assert_snapshot!(problems(Yaml, "a: b\u{1}\n"), @r#"flow:1:5: not valid YAML: a control character (remove it, or write it as an escape such as `\u0007` in double quotes)"#);
}

#[test]
fn yaml_text_after_a_quote() {
    insta::assert_snapshot!(problems(Yaml, "a: 'it's'\n"), @r#"flow:1:8: not valid YAML: something follows after the closing quote (a quote inside the text is written `\"` in double and `''` in single quotes)"#);
}

#[test]
fn toml_duplicate_table() {
    insta::assert_snapshot!(problems(Toml, "[a]\nb = 1\n[c]\n[a]\nb = 2\nd = 3\n"), @r"
    flow:4:2: duplicate key `a` (remove or rename one of the two)
      1:2: first here: a
    ");
}

#[test]
fn toml_duplicate_keys_all_at_once() {
    insta::assert_snapshot!(problems(Toml, "a.x = 1\n'a'.x = 2\n[[p]]\nk = 1\n[[p]]\nk = { z = 1, \"z\" = 2 }\nk = 3\n[q]\nw = [{ i = 1 }, { i = 2, j = 1, j = 2 }]\n"), @r"
    flow:2:5: duplicate key `x` (remove or rename one of the two)
      1:3: first here: x
    flow:6:14: duplicate key `z` (remove or rename one of the two)
      6:7: first here: z
    flow:7:1: duplicate key `k` (remove or rename one of the two)
      6:1: first here: k
    flow:9:33: duplicate key `j` (remove or rename one of the two)
      9:26: first here: j
    ");
}

#[test]
fn toml_extended_scalar() {
    insta::assert_snapshot!(problems(Toml, "a = 1\na.b = 2\n"), @r"
    flow:2:1: not valid TOML: cannot extend value of type integer with a dotted key (rename one of the two)
      1:1: first here: a
    ");
}

#[test]
fn toml_datetime() {
    insta::assert_snapshot!(problems(Toml, "day = 2024-01-01\nat = 10:00:00\n"), @r"
    flow:1:7: a workflow has no dates and times (quote it to keep it as text)
    flow:2:6: a workflow has no dates and times (quote it to keep it as text)
    ");
}

#[test]
fn toml_too_big_an_integer() {
    insta::assert_snapshot!(problems(Toml, "a = 9223372036854775808\n"), @"flow:1:5: this integer does not fit in 64 bits (TOML has signed ones only) (quote it to keep it as text, or write it as a float)");
}

#[test]
fn toml_too_large_a_float() {
    insta::assert_snapshot!(problems(Toml, "a = 1e999\n"), @"flow:1:5: this float is larger than the largest one, about 1.8e308 (quote it to keep it as text)");
}

#[test]
fn toml_text_without_quotes() {
    insta::assert_snapshot!(problems(Toml, "a = yes\n"), @"flow:1:5: not valid TOML: string values must be quoted, expected literal string (put text in quotes; after `=` a value is expected)");
}

#[test]
fn toml_unclosed_quote() {
    insta::assert_snapshot!(problems(Toml, "a = \"x\nb = 1\n"), @r#"flow:1:7: not valid TOML: invalid basic string, expected `"` (close the quote on the same line; text of several lines stands in `"""`)"#);
}

#[test]
fn toml_unknown_escape() {
    insta::assert_snapshot!(problems(Toml, "a = \"C:\\dir\"\n"), @r#"flow:1:9: not valid TOML: missing escaped value, expected `b`, `e`, `f`, `n`, `r`, `\`, `"`, `x`, `u`, `U` (a backslash is written `\\`; in single quotes it stands for itself)"#);
}

#[test]
fn toml_lone_surrogate() {
    insta::assert_snapshot!(problems(Toml, "a = \"\\ud800\"\n"), @"flow:1:8: not valid TOML: invalid value, expected unicode hexadecimal value (write the character itself)");
}

#[test]
fn toml_colon() {
    insta::assert_snapshot!(problems(Toml, "a: 1\n"), @"flow:1:4: not valid TOML: key with no value, expected `=` (write `key = value`)");
}

#[test]
fn toml_two_on_a_line() {
    insta::assert_snapshot!(problems(Toml, "a = 1 b = 2\n"), @"flow:1:9: not valid TOML: unexpected key or value, expected newline, `#` (put each key on a line of its own)");
}

#[test]
fn toml_leading_zero() {
    insta::assert_snapshot!(problems(Toml, "a = 012\n"), @"flow:1:5: not valid TOML: unexpected leading zero, expected nothing (remove the zero, or quote the text)");
}

#[test]
fn toml_accent_in_a_key() {
    insta::assert_snapshot!(problems(Toml, "é = 1\n"), @"flow:1:1: not valid TOML: invalid unquoted key, expected letters, numbers, `-`, `_` (put the key in quotes)");
}

#[test]
fn json_trailing_comma() {
    insta::assert_snapshot!(problems(Json, "{\n  \"a\": [1, 2,],\n}"), @"flow:2:13: not valid JSON: a comma after the last entry (remove this comma)");
}

#[test]
fn json_comment() {
    insta::assert_snapshot!(problems(Json, "{\n  // why\n  \"a\": 1\n}"), @"flow:2:3: not valid JSON: JSON has no comments (remove it, or write the workflow in YAML or TOML)");
}

#[test]
fn json_duplicate_keys_all_at_once() {
    insta::assert_snapshot!(problems(Json, "{\"a\": 1, \"b\": [{\"c\": 1, \"\\u0063\": 2}], \"a\": 2}"), @r#"
    flow:1:25: duplicate key `c` (remove or rename one of the two)
      1:17: first here: "c"
    flow:1:40: duplicate key `a` (remove or rename one of the two)
      1:2: first here: "a"
    "#);
}

#[test]
fn json_single_quotes() {
    insta::assert_snapshot!(problems(Json, "{'a': 1}"), @"flow:1:2: not valid JSON: single quotes around a text (use double quotes)");
}

#[test]
fn json_key_without_quotes() {
    insta::assert_snapshot!(problems(Json, "{a: 1}"), @"flow:1:2: not valid JSON: a key without quotes (put double quotes around it)");
}

#[test]
fn json_missing_comma() {
    insta::assert_snapshot!(problems(Json, "{\"a\": 1\n \"b\": 2}"), @"flow:1:8: not valid JSON: a comma is missing here (put a `,` between two entries)");
}

#[test]
fn json_missing_colon() {
    insta::assert_snapshot!(problems(Json, "{\"a\" 1}"), @r#"flow:1:6: not valid JSON: a colon is missing after the key (write `"key": value`)"#);
}

#[test]
fn json_missing_value() {
    insta::assert_snapshot!(problems(Json, "{\"a\": }"), @"flow:1:7: not valid JSON: a `}` where a value is expected");
}

#[test]
fn json_unclosed_map() {
    insta::assert_snapshot!(problems(Json, "{\"a\": [1], \"b\": {\n"), @"flow:1:17: not valid JSON: this `{` is never closed (add the missing `}`)");
}

#[test]
fn json_unclosed_quote() {
    insta::assert_snapshot!(problems(Json, "{\"a\": \"b}"), @r#"flow:1:7: not valid JSON: this quote is never closed (add the missing `"`)"#);
}

#[test]
fn json_line_break_in_a_string() {
    insta::assert_snapshot!(problems(Json, "{\"a\": \"b\nc\td\"}"), @r#"flow:1:9: not valid JSON: a line break inside a string (write it as `\n`)"#);
}

#[test]
fn json_lone_surrogate() {
    insta::assert_snapshot!(problems(Json, "\"\\udc00\""), @r#"flow:1:2: not valid JSON: half of a surrogate pair in a `\u` escape (write both halves, or the character itself)"#);
}

#[test]
fn json_unknown_escape() {
    insta::assert_snapshot!(problems(Json, "\"C:\\dir\""), @r#"flow:1:4: not valid JSON: an unknown escape in a string (a backslash itself is written `\\`)"#);
}

#[test]
fn json_too_big_an_integer() {
    insta::assert_snapshot!(problems(Json, "[18446744073709551616, -9223372036854775809]"), @r"
    flow:1:2: this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) (quote it to keep it as text, or write it as a float)
    flow:1:24: this integer does not fit in 64 bits (-9223372036854775808 to 18446744073709551615) (quote it to keep it as text, or write it as a float)
    ");
}

#[test]
fn json_too_large_a_float() {
    insta::assert_snapshot!(problems(Json, "[1e999]"), @"flow:1:2: this float is larger than the largest one, about 1.8e308 (quote it to keep it as text)");
}

#[test]
fn json_not_a_number() {
    insta::assert_snapshot!(problems(Json, "[NaN]"), @"flow:1:2: not valid JSON: JSON has no infinity and no NaN (quote it, or use YAML (`.inf`) or TOML (`inf`))");
}

#[test]
fn json_infinity() {
    insta::assert_snapshot!(problems(Json, "[-Infinity]"), @"flow:1:2: not valid JSON: JSON has no infinity and no NaN (quote it, or use YAML (`.inf`) or TOML (`inf`))");
}

#[test]
fn json_leading_zero() {
    insta::assert_snapshot!(problems(Json, "[012]"), @"flow:1:3: not valid JSON: a number that begins with a zero (remove the zero, or quote the text)");
}

#[test]
fn json_odd_space() {
    insta::assert_snapshot!(problems(Json, "[\u{a0}1]"), @"flow:1:2: not valid JSON: an unusual kind of space (replace it by an ordinary space)");
}

#[test]
fn json_empty() {
    insta::assert_snapshot!(problems(Json, " \n"), @"flow:1:1: not valid JSON: there is no value (an empty map is `{}`)");
}

#[test]
fn json_second_value() {
    insta::assert_snapshot!(problems(Json, "{} {}"), @"flow:1:4: not valid JSON: something follows after the value (a file holds one value: remove the rest)");
}
