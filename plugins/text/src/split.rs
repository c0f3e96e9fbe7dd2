//! Cutting text into parts of about the same size.

use terrace_plugin_api::{ErrorClass, TaskError, task};

/// The most parts that [`split()`] makes.
const MOST: u32 = 1_000_000;

/// Cuts text into parts of about the same size, never inside a word: after a line where one ends
/// near by, else after a blank. The parts joined give the text. Always as many as asked for; some
/// are empty where the text has too few places to cut.
///
/// # Errors
/// Code `parts` where the number is not from 1 to 1,000,000.
#[task(pure)]
pub fn split(
    /// What to cut.
    text: &str,
    /// Into how many.
    parts: u32,
) -> Result<Vec<String>, TaskError> {
    if !(1..=MOST).contains(&parts) {
        let message = format!("input `parts`: {parts} is not from 1 to {MOST}");
        return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("parts"));
    }
    let parts = parts as usize;
    let mut pieces = Vec::with_capacity(parts);
    let mut start = 0;
    for part in 1..parts {
        let end = cut(text, start, ideal(text, part, parts), ideal(text, part + 1, parts));
        pieces.push(text[start..end].to_owned());
        start = end;
    }
    pieces.push(text[start..].to_owned());
    Ok(pieces)
}

/// Where a part would end if any byte did.
fn ideal(text: &str, part: usize, parts: usize) -> usize {
    (text.len() as u128 * part as u128 / parts as u128) as usize
}

/// Where the part from `start` ends: at or after `wanted`, at a line's end if there is one before
/// `next`. Each byte is looked at a fixed number of times over all parts.
fn cut(text: &str, start: usize, wanted: usize, next: usize) -> usize {
    if wanted <= start {
        return start;
    }
    // The byte before `wanted` may be where the line ends. A line feed is never inside a char.
    let window = &text.as_bytes()[wanted - 1..next];
    if let Some(at) = window.iter().position(|&byte| byte == b'\n') {
        return wanted + at;
    }
    let mut from = wanted;
    while !text.is_char_boundary(from) {
        from -= 1;
    }
    if from > start && text[start..from].ends_with(char::is_whitespace) {
        return from;
    }
    let blank = text[from..].char_indices().find(|(_, c)| c.is_whitespace());
    blank.map_or(text.len(), |(at, c)| from + at + c.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, parts: u32) -> Vec<String> {
        let pieces = split(text, parts).unwrap();
        assert_eq!(pieces.len(), parts as usize);
        assert_eq!(pieces.concat(), text);
        for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
            let last = !text.ends_with(piece.as_str());
            assert!(!last || piece.ends_with(char::is_whitespace), "{piece:?} of {text:?}");
        }
        pieces
    }

    #[test]
    fn lines_stay_whole_where_they_can() {
        let text = "one 1\ntwo 2\nthree 3\nfour 4\n".repeat(50);
        let pieces = check(&text, 4);
        assert!(pieces.iter().all(|piece| piece.ends_with('\n')));
        let (least, most) = (text.len() / 4 - 10, text.len() / 4 + 10);
        assert!(pieces.iter().all(|piece| (least..=most).contains(&piece.len())));
        assert_eq!(check("a\nb\n", 2), ["a\n", "b\n"]);
    }

    #[test]
    fn words_stay_whole_without_lines() {
        assert_eq!(check("aa bb cc dd", 2), ["aa bb ", "cc dd"]);
        let pieces = check(&"word ".repeat(1000), 7);
        assert!(pieces.iter().all(|piece| piece.len().abs_diff(5000 / 7) <= 5));
    }

    #[test]
    fn odd_texts_come_back_whole() {
        let long = "x".repeat(1000);
        for text in ["", " ", "\n", "a", "ä", "äöü ß\u{2003}日本語 語\u{85}é", &long, "\r\n\r\n"]
        {
            for parts in [1, 2, 3, 5, 64] {
                check(text, parts);
            }
        }
        assert_eq!(check(&long, 3), [long.as_str(), "", ""]);
    }

    #[test]
    fn many_parts_take_one_pass() {
        // Quadratic, this would take hours.
        check(&"x".repeat(2_000_000), 1_000_000);
        check(&"x ".repeat(1_000_000), 1_000_000);
    }

    #[test]
    fn no_parts_and_too_many_are_refused() {
        for wrong in [0, MOST + 1, u32::MAX] {
            assert_eq!(split("a", wrong).unwrap_err().code(), "parts");
        }
    }
}
