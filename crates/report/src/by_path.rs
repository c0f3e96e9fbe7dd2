//! The order of paths: `m[2]` before `m[10]`, and what is inside something right after it.

use std::cmp::Ordering;

/// Compares paths of nodes and items, numbers in them as numbers.
///
/// ```
/// let mut paths = ["m[10]", "m-1", "m[2]", "m", "m[2].a"];
/// paths.sort_by(|a, b| terrace_report::by_path(a, b));
/// assert_eq!(paths, ["m", "m[2]", "m[2].a", "m[10]", "m-1"]);
/// ```
pub fn by_path(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let (Some(&x), Some(&y)) = (a.first(), b.first()) {
        let order = if x.is_ascii_digit() && y.is_ascii_digit() {
            let (m, n) = (number(&mut a), number(&mut b));
            value(m).cmp(&value(n)).then(m.len().cmp(&n.len()))
        } else {
            (a, b) = (&a[1..], &b[1..]);
            rank(x).cmp(&rank(y))
        };
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// Takes the digits that a text begins with.
fn number<'t>(text: &mut &'t [u8]) -> &'t [u8] {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits
}

/// What compares as the number does, however long it is.
fn value(digits: &[u8]) -> (usize, &[u8]) {
    let zeros = digits.iter().take_while(|&&digit| digit == b'0').count();
    (digits.len() - zeros, &digits[zeros..])
}

/// What parts names comes before all else, so that nothing stands between a node and its inside.
fn rank(byte: u8) -> (bool, u8) {
    (!matches!(byte, b'.' | b'['), byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_inside_follows_and_numbers_are_numbers() {
        let sorted = [
            "m",
            "m[\"a b\"].x",
            "m[\"a\"]",
            "m[\"a\"].x",
            "m[0]",
            "m[2]",
            "m[2].a",
            "m[2].a[9]",
            "m[2].a[10]",
            "m[2].a-b",
            "m[10]",
            "m-1[0]",
            "m1",
            "m1.x",
            "m01",
            "m01.a",
            "m2",
            "m99999999999999999999999",
            "mm",
        ];
        let mut paths = sorted;
        paths.reverse();
        paths.sort_by(|a, b| by_path(a, b));
        assert_eq!(paths, sorted);
    }
}
