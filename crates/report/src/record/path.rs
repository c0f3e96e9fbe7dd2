//! Paths of what runs inside nodes: `measure["XX"]`, `search[3].step`.

use std::borrow::Cow;

/// A path without the items and passes in it, which is the name of a node in a record's first line:
/// `m["a].b"][3].x` is `m.x`.
///
/// ```
/// assert_eq!(terrace_report::bare_path("search[3].step"), "search.step");
/// ```
pub fn bare_path(path: &str) -> Cow<'_, str> {
    if !path.contains('[') {
        return path.into();
    }
    let mut name = String::with_capacity(path.len());
    let mut rest = path.chars();
    while let Some(one) = rest.next() {
        if one != '[' {
            name.push(one);
            continue;
        }
        let (mut quoted, mut escaped) = (false, false);
        for one in rest.by_ref() {
            match one {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                ']' if !quoted => break,
                _ => {}
            }
        }
    }
    name.into()
}

/// The parts of a path: `search[3].step` is `search`, `[3]` and `step`.
///
/// ```
/// assert_eq!(terrace_report::path_parts("search[3].step"), ["search", "[3]", "step"]);
/// ```
pub fn path_parts(path: &str) -> Vec<&str> {
    let (mut parts, mut start) = (Vec::new(), 0);
    let (mut quoted, mut escaped, mut inside) = (false, false, false);
    for (at, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' if inside => quoted = !quoted,
            _ if quoted => {}
            '[' | '.' if !inside => {
                if at > start {
                    parts.push(&path[start..at]);
                }
                inside = c == '[';
                start = if inside { at } else { at + 1 };
            }
            ']' if inside => {
                parts.push(&path[start..=at]);
                (inside, start) = (false, at + 1);
            }
            _ => {}
        }
    }
    if start < path.len() {
        parts.push(&path[start..]);
    }
    parts
}

/// The path of what something is directly inside of, if it is in anything: that of `search[3].step` is
/// `search[3]`, and of that `search`.
pub(crate) fn outer_path(path: &str) -> Option<&str> {
    // Only quoted keys may have dots and brackets of their own.
    if !path.contains('"') {
        let end = path.rfind(['.', '['])?;
        return Some(&path[..end]).filter(|outer| !outer.is_empty());
    }
    let last = *path_parts(path).last()?;
    let outer = &path[..path.len() - last.len()];
    Some(outer.strip_suffix('.').unwrap_or(outer)).filter(|outer| !outer.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_and_passes_are_no_part_of_a_nodes_name() {
        assert_eq!(bare_path("m[3]"), "m");
        assert_eq!(bare_path("m[3].inner[\"a\"].x"), "m.inner.x");
        assert_eq!(bare_path(r#"m["a].b\"]["][3].x"#), "m.x");
        assert_eq!(bare_path("left.merge"), "left.merge");
        assert_eq!(bare_path("m[\"cut"), "m");
    }
    #[test]
    fn a_path_has_parts() {
        assert_eq!(path_parts("a"), ["a"]);
        assert_eq!(path_parts("left.merge"), ["left", "merge"]);
        assert_eq!(path_parts("search[3].step"), ["search", "[3]", "step"]);
        assert_eq!(outer_path("search[3].step"), Some("search[3]"));
        assert_eq!(outer_path("search[3]"), Some("search"));
        assert_eq!(outer_path("search"), None);
        assert_eq!(outer_path("a[3][4]"), Some("a[3]"));
        assert_eq!(outer_path(r#"a["x.[1]\"]"].b"#), Some(r#"a["x.[1]\"]"]"#));
        assert_eq!(outer_path(r#"a["x.[1]\"]"]"#), Some("a"));
        assert_eq!(path_parts(r#"a["x.[1]\"]"][2].b"#), ["a", r#"["x.[1]\"]"]"#, "[2]", "b"]);
    }
}
