//! Texts made to exhaust the stack or the memory. Tests run on threads of 2 MiB.

use super::super::{Kind, Limits, Tree};
use super::{problems, read, toml, yaml};
use crate::source::Format::{self, Json, Toml, Yaml};

/// Reads on a thread with the stack that std gives by default.
fn on_a_small_stack(format: Format, text: String) -> String {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    thread.spawn(move || problems(format, &text)).unwrap().join().unwrap()
}

#[test]
fn a_hundred_thousand_levels_are_refused_at_the_limit() {
    const DEEP: usize = 100_000;
    let steps: String = (0..2_000).map(|level| format!("{}k:\n", " ".repeat(level))).collect();
    let headers: String = (0..200).map(|_| "[a.b.c.d]\n").collect();
    for (format, text) in [
        (Yaml, "[".repeat(DEEP)),
        (Yaml, "{".repeat(DEEP)),
        (Yaml, "{a: ".repeat(DEEP)),
        (Yaml, "[{a: ".repeat(DEEP)),
        (Yaml, "- ".repeat(DEEP)),
        (Yaml, "? ".repeat(DEEP)),
        (Yaml, "- ".repeat(40) + &"[".repeat(40) + &"]".repeat(40)),
        (Yaml, steps),
        (Json, "[".repeat(DEEP)),
        (Json, "{\"a\":".repeat(DEEP)),
        (Json, format!("{}{}", "[".repeat(500), "]".repeat(500))),
        (Json, format!("{}{}", "[{\"a\":".repeat(40), "}]".repeat(40))),
        (Toml, format!("a = {}", "[".repeat(DEEP))),
        (Toml, format!("a = {}", "{a=".repeat(DEEP))),
        (Toml, format!("a = {}1{}", "[".repeat(70), "]".repeat(70))),
        (Toml, format!("[{}a]", "a.".repeat(DEEP))),
        (Toml, format!("{}a = 1", "a.".repeat(DEEP))),
        (Toml, format!("[{}a]", "a.".repeat(70))),
        (Toml, format!("[{0}a]\n{0}b = 1", "a.".repeat(40))),
        // Each construct below the parser's limit of 80, together 6,000 levels.
        (Toml, format!("{}1{}", format!("{}a = {{", "a.".repeat(75)).repeat(75), "}".repeat(75))),
        // The same behind a mistake, after which the parser goes on.
        (Toml, format!("{headers}x = [}}\n{}", format!("{}a = {{", "a.".repeat(75)).repeat(75))),
        (Toml, format!("a = 'b\n{}", format!("{}a = {{", "a.".repeat(75)).repeat(75))),
    ] {
        let start: String = text.chars().take(20).collect();
        let said = on_a_small_stack(format, text);
        assert!(said.contains("nested more than 64 levels deep"), "{start}: {said}");
    }
    insta::assert_snapshot!(problems(Yaml, &"[".repeat(65)), @"flow:1:65: nested more than 64 levels deep (flatten the data, or keep it in another file)");
}

#[test]
fn an_unclosed_toml_text_below_the_limit_survives_a_small_stack() {
    let header = format!("[{}a]\n", "a.".repeat(60));
    for text in [
        format!("x = {{\n{header}{}b = 1\n", "c.".repeat(60)),
        format!("x = [}}\n{header}k = {}", "[".repeat(60)),
        format!("{header}{header}x = {}1{}\nx = 1", "[".repeat(3), "]".repeat(3)),
    ] {
        on_a_small_stack(Toml, text);
    }
}

#[test]
fn sixty_four_levels_are_read_in_each_language() {
    let deep = |open: &str, close: &str, count| {
        format!("{}1.5{}", open.repeat(count), close.repeat(count))
    };
    for (format, text) in [
        (Yaml, deep("[", "]", 64)),
        (Yaml, deep("{a: ", "}", 64)),
        (Yaml, "- ".repeat(64) + "1.5"),
        (
            Yaml,
            (0..64).map(|level| format!("\n{}k:", " ".repeat(level))).collect::<String>() + " 1.5",
        ),
        (Json, deep("[", "]", 64)),
        (Json, deep("{\"a\":", "}", 64)),
        (Toml, format!("a = {}", deep("[", "]", 63))),
        (Toml, format!("a = {}", deep("{a=", "}", 63))),
        (Toml, format!("{}a = 1.5", "a.".repeat(63))),
        (Toml, format!("[{}a]\nb.c = {}", "a.".repeat(31), deep("[{d.e = ", "}]", 10))),
        (Toml, format!("[[{}a]]\nb = 1.5", "a.".repeat(61))),
    ] {
        let tree = read(format, &text).unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        fn depth(tree: &Tree) -> usize {
            match &tree.kind {
                Kind::Seq(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
                Kind::Map(entries) => {
                    1 + entries.iter().map(|(_, value)| depth(value)).max().unwrap_or(0)
                }
                _ => 0,
            }
        }
        assert_eq!(depth(&tree), Limits::MAX_DEPTH, "{text}");
    }
}

/// The "billion laughs": each line is ten times the one before.
fn laughs(lines: usize) -> String {
    let mut text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for line in 1..lines {
        let alias = format!("*a{}", line - 1);
        text += &format!("a{line}: &a{line} [{}]\n", [alias.as_str(); 10].join(", "));
    }
    text
}

#[test]
fn an_alias_bomb_stops_before_it_is_expanded() {
    // Expanded, these sixty lines would not end before the sun does.
    insta::assert_snapshot!(problems(Yaml, &laughs(60)), @"flow:7:10: with this alias expanded, more than 2000000 values (each alias counts as much as what it repeats)");
    // The last one that fits: 11 + 111 + … nodes.
    assert!(read(Yaml, &laughs(5)).is_ok());
}

#[test]
fn text_counts_as_often_as_aliases_repeat_it() {
    const MIB: usize = 1 << 20;
    // An anchored text and its repetitions.
    let text = |aliases: usize, long: usize| {
        format!("a: &a {}\nb: [{}]\n", "x".repeat(long), vec!["*a"; aliases].join(", "))
    };
    let said = problems(Yaml, &text(300, MIB));
    insta::assert_snapshot!(said, @"flow:2:61: with this alias expanded, more than 16777216 bytes of keys and strings (each alias counts as much as what it repeats)");
    assert!(read(Yaml, &text(14, MIB)).is_ok());
    // 16 times (1 MiB - 1), three keys and 13 more bytes fit exactly.
    let exact = |more: usize| text(15, MIB - 1) + &format!("c: {}\n", "y".repeat(13 + more));
    assert!(read(Yaml, &exact(0)).is_ok());
    insta::assert_snapshot!(problems(Yaml, &exact(1)), @"flow:3:4: more than 16777216 bytes of keys and strings (keep data in files of its own and name them in the workflow)");
    // Keys count inside of what is repeated, and through aliases of aliases.
    let key = "k".repeat(1_000);
    let mut keys = format!("a0: &a0 {{ {key}: 1 }}\n");
    for line in 1..7 {
        let items = vec![format!("*a{}", line - 1); 10].join(", ");
        keys += &format!("a{line}: &a{line} [{items}]\n");
    }
    insta::assert_snapshot!(problems(Yaml, &keys), @"flow:6:10: with this alias expanded, more than 16777216 bytes of keys and strings (each alias counts as much as what it repeats)");
}

#[test]
fn aliases_count_towards_the_depth() {
    let mut text = "a0: &a0 [[[[1]]]]\n".to_owned();
    for line in 1..30 {
        text += &format!("a{line}: &a{line} [[[*a{}]]]\n", line - 1);
    }
    insta::assert_snapshot!(problems(Yaml, &text), @"flow:21:14: nested more than 64 levels deep (flatten the data, or keep it in another file)");
}

#[test]
fn the_last_value_that_fits_is_read_and_the_next_is_not() {
    // The root, 1,999 lists of a thousand nodes each, and one more of 999.
    let first = vec!["1"; 999].join(",");
    let text = |rest: &str| format!("- &x [{first}]\n{}{rest}", "- *x\n".repeat(1_998));
    let fits = format!("- [{}]", vec!["1"; 998].join(","));
    assert!(read(Yaml, &text(&fits)).is_ok());
    assert!(problems(Yaml, &text("- *x")).contains("more than 2000000 values"));
    for (format, open) in [(Json, "["), (Toml, "a = [")] {
        let text = format!("{open}{}1]", "1,".repeat(Limits::MAX_NODES));
        assert!(problems(format, &text).contains("more than 2000000 values"));
    }
}

#[test]
fn a_text_beyond_the_limit_is_not_looked_at() {
    for format in [Yaml, Json, Toml] {
        let text = " ".repeat(Limits::MAX_TEXT - 1) + "é";
        assert!(problems(format, &text).contains("16777217 bytes, more than the 16777216 allowed"));
    }
}

#[test]
fn of_many_problems_a_hundred_are_kept() {
    for (format, line) in [(Yaml, "a: 1\n"), (Toml, "a = 1\n")] {
        assert_eq!(read(format, &line.repeat(5_000)).unwrap_err().len(), 100);
    }
    let json = format!("[{}1]", "99999999999999999999,".repeat(5_000));
    assert_eq!(read(Json, &json).unwrap_err().len(), 100);
}

#[test]
fn long_texts_end() {
    // In time that grows with the square of the length they would not.
    let line = "k: v # [ \" \n";
    for text in [
        "# c\n".repeat(200_000),
        "\n".repeat(500_000),
        "- ''\n".repeat(100_000),
        format!("a: {}", "x ".repeat(400_000)),
        format!("a: \"{}\"", "\\n".repeat(400_000)),
        line.to_owned(),
    ] {
        yaml(&text);
    }
    toml(&"\n".repeat(500_000));
}
