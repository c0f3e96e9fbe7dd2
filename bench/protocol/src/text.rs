//! Numbers as texts of 32 bytes, which no engine keeps in place: the values of the body `string`.

/// The bytes of a text.
pub const LENGTH: usize = 32;

/// A number as text: its 16 hexadecimal digits, twice.
pub fn of(number: i64) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(LENGTH);
    for _ in 0..LENGTH / 16 {
        for digit in (0..16).rev() {
            text.push(DIGITS[(number as u64 >> (4 * digit) & 15) as usize].into());
        }
    }
    text
}

/// The number in a text; 0 for anything else, so that a check of the sums finds it.
pub fn number(text: &str) -> i64 {
    let digits = text.as_bytes().get(..16).filter(|_| text.len() == LENGTH);
    digits.map_or(0, |digits| {
        let digit = |digit: u8| u64::from(digit & 15) + 9 * u64::from(digit >> 6);
        digits.iter().fold(0, |number, &one| number << 4 | digit(one)) as i64
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for wanted in [0, 1, -1, i64::MIN, i64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!((number(&of(wanted)), of(wanted).len()), (wanted, LENGTH), "{wanted}");
        }
        assert_eq!(number("12"), 0);
    }
}
