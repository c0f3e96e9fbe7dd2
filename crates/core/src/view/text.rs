//! How much room text takes in a picture, as far as that is known without its font; and what of it
//! may stand in XML.

use std::fmt::Write as _;

use super::tree::Entry;

/// About how wide a letter is.
const LETTER: f64 = 7.4;

/// How many letters of a line are shown.
const SHOWN: usize = 30;

/// What a box says: its title and, where that is another, the node's name.
pub(super) fn lines(entry: &Entry<'_>) -> (String, Option<String>) {
    let (node, heading) = (entry.node(), entry.heading());
    let same = node.title() == node.name();
    (cut(&heading), (!same).then(|| cut(node.name())))
}

/// How wide a box is for what it says.
pub(super) fn box_width(entry: &Entry<'_>) -> f64 {
    let (title, name) = lines(entry);
    // The name is written smaller.
    let name = name.map_or(0.0, |name| width(&name) * 0.85);
    (width(&title).max(name) + 24.0).max(64.0)
}

/// About how wide a text is.
pub(super) fn width(text: &str) -> f64 {
    columns(text) as f64 * LETTER
}

/// Text of at most so many letters, on one line.
pub(super) fn cut(text: &str) -> String {
    let mut short = String::new();
    let mut taken = 0;
    for c in text.chars() {
        taken += letter(c);
        if taken > SHOWN {
            short.push('…');
            return short;
        }
        short.push(if c.is_whitespace() { ' ' } else { c });
    }
    short
}

fn columns(text: &str) -> usize {
    text.chars().map(letter).sum()
}

/// Letters from the East take two places.
fn letter(c: char) -> usize {
    if ('\u{1100}'..='\u{d7ff}').contains(&c) || c >= '\u{f900}' { 2 } else { 1 }
}

/// Writes text as XML has it; what XML cannot have becomes `�`.
pub(super) fn escape(to: &mut String, text: &str) {
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '&' => to.write_str("&amp;"),
            '<' => to.write_str("&lt;"),
            '>' => to.write_str("&gt;"),
            '"' => to.write_str("&quot;"),
            '\'' => to.write_str("&#39;"),
            '\t' | '\n' | '\r' => to.write_char(' '),
            '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => {
                to.write_char('\u{fffd}')
            }
            // They turn round what follows them, and a name is no place for that.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => to.write_char('\u{fffd}'),
            c => to.write_char(c),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_have_is_replaced() {
        let mut text = String::new();
        escape(&mut text, "<a href='x'>&\"\0\u{1b}\u{202e}\n]]>é");
        assert_eq!(text, "&lt;a href=&#39;x&#39;&gt;&amp;&quot;��� ]]&gt;é");
    }

    #[test]
    fn long_text_is_cut_by_the_room_it_takes() {
        assert_eq!(cut(&"a".repeat(31)), format!("{}…", "a".repeat(30)));
        assert_eq!(cut(&"測".repeat(16)), format!("{}…", "測".repeat(15)));
        assert_eq!(cut("two\nlines"), "two lines");
    }
}
