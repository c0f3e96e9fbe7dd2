//! [`Line`]: one JSON object, written straight into a buffer.
//!
//! A run writes two lines a node. Nothing is allocated for them, and numbers and text are not
//! formatted through `fmt`.

/// A line under way. Ends with [`Line::end`].
pub(super) struct Line<'a>(&'a mut Vec<u8>);

impl<'a> Line<'a> {
    /// Begins a line of a kind.
    pub(super) fn new(buffer: &'a mut Vec<u8>, kind: &str) -> Self {
        buffer.extend_from_slice(b"{\"k\":\"");
        buffer.extend_from_slice(kind.as_bytes());
        buffer.push(b'"');
        Self(buffer)
    }

    fn key(&mut self, key: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// Adds a number.
    pub(super) fn number(mut self, key: &str, value: u64) -> Self {
        self.key(key);
        number(self.0, value);
        self
    }

    /// Adds a number where it is not the usual one, which readers assume.
    pub(super) fn unusual(self, key: &str, value: u64, usual: u64) -> Self {
        if value == usual { self } else { self.number(key, value) }
    }

    /// Adds text.
    pub(super) fn text(mut self, key: &str, value: &str) -> Self {
        self.key(key);
        text(self.0, value);
        self
    }

    /// Adds what is JSON already.
    pub(super) fn json(mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.key(key);
        write(self.0);
        self
    }

    /// Ends the line.
    pub(super) fn end(self) {
        self.0.extend_from_slice(b"}\n");
    }
}

/// Writes a number in decimal.
pub(super) fn number(buffer: &mut Vec<u8>, mut value: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    buffer.extend_from_slice(&digits[at..]);
}

/// Writes text in quotes, with what JSON wants escaped.
pub(super) fn text(buffer: &mut Vec<u8>, text: &str) {
    buffer.push(b'"');
    let mut rest = text.as_bytes();
    // Whatever is escaped is one byte in UTF-8.
    while let Some(at) = rest.iter().position(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\')
    {
        let (plain, from) = rest.split_at(at);
        buffer.extend_from_slice(plain);
        match from[0] {
            b'\n' => buffer.extend_from_slice(b"\\n"),
            b'\t' => buffer.extend_from_slice(b"\\t"),
            b'\r' => buffer.extend_from_slice(b"\\r"),
            byte @ (b'"' | b'\\') => buffer.extend_from_slice(&[b'\\', byte]),
            byte => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                buffer.extend_from_slice(b"\\u00");
                buffer.push(HEX[usize::from(byte >> 4)]);
                buffer.push(HEX[usize::from(byte & 15)]);
            }
        }
        rest = &from[1..];
    }
    buffer.extend_from_slice(rest);
    buffer.push(b'"');
}

/// The longest beginning of a text that has at most `most` bytes.
pub(super) fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_and_number_is_read_again() {
        let all: String =
            (0..0x300).filter_map(char::from_u32).chain("\u{202e}😀".chars()).collect();
        let mut buffer = Vec::new();
        Line::new(&mut buffer, "x").text("t", &all).number("n", u64::MAX).unusual("m", 3, 3).end();
        let read: serde_json::Value = serde_json::from_slice(&buffer).unwrap();
        assert_eq!(read["t"], all);
        assert_eq!(read["n"], u64::MAX);
        assert_eq!(read.as_object().unwrap().len(), 3);
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("aé", 2), "a");
        assert_eq!(cut("aé", 3), "aé");
        assert_eq!(cut("é", 1), "");
    }
}
