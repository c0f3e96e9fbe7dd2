//! [`Portion`]: lines of one thread that were not written yet, and when what they tell of was.

/// Lines, and for each when what it tells of was.
#[derive(Default)]
pub(super) struct Portion {
    lines: Vec<u8>,
    /// The moment that some lines tell of, and where they end.
    ends: Vec<(u64, u32)>,
}

impl Portion {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// How many bytes there are.
    pub(super) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Adds lines. Gives how many bytes there were before, and are now.
    pub(super) fn append(&mut self, at: u64, write: impl FnOnce(&mut Vec<u8>)) -> (usize, usize) {
        let before = self.lines.len();
        let mut whole = Whole { lines: &mut self.lines, before, is_whole: false };
        write(whole.lines);
        whole.is_whole = true;
        drop(whole);
        let after = self.lines.len();
        if after > before {
            // A thread is held up long before there is so much.
            self.ends.push((at, u32::try_from(after).unwrap_or(u32::MAX)));
        }
        (before, after)
    }

    /// Moves all lines behind some others, in order of time.
    pub(super) fn merge(portions: &mut [Self], lines: &mut Vec<u8>) {
        let mut filled = portions.iter_mut().filter(|portion| !portion.is_empty());
        if let (Some(only), None) = (filled.next(), filled.next()) {
            lines.append(&mut only.lines);
            only.ends.clear();
            return;
        }
        let all = portions.iter().map(|portion| portion.ends.len()).sum();
        let mut pieces: Vec<(u64, &[u8])> = Vec::with_capacity(all);
        for portion in portions.iter() {
            let mut start = 0;
            for &(at, end) in &portion.ends {
                pieces.push((at, &portion.lines[start as usize..end as usize]));
                start = end;
            }
        }
        // Stable: lines of one thread stay in order. Quick: they are in order already.
        pieces.sort_by_key(|&(at, _)| at);
        lines.reserve(pieces.iter().map(|(_, piece)| piece.len()).sum());
        for (_, piece) in pieces {
            lines.extend_from_slice(piece);
        }
        for portion in portions {
            portion.lines.clear();
            portion.ends.clear();
        }
    }
}

/// Takes back the beginning of lines whose end a panic kept from being written.
struct Whole<'a> {
    lines: &'a mut Vec<u8>,
    before: usize,
    is_whole: bool,
}

impl Drop for Whole<'_> {
    fn drop(&mut self) {
        if !self.is_whole {
            self.lines.truncate(self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Portion;

    #[test]
    fn what_a_panic_breaks_off_is_no_line() {
        let mut portion = portion(&[(1, "a")]);
        let breaks = std::panic::AssertUnwindSafe(|| {
            portion.append(2, |buffer| {
                buffer.push(b'b');
                panic!("while it is written");
            })
        });
        assert!(std::panic::catch_unwind(breaks).is_err());
        portion.append(3, |buffer| buffer.push(b'c'));
        assert_eq!(merged(vec![portion]), "ac");
    }

    fn portion(lines: &[(u64, &str)]) -> Portion {
        let mut portion = Portion::default();
        for (at, line) in lines {
            portion.append(*at, |buffer| buffer.extend_from_slice(line.as_bytes()));
        }
        portion
    }

    fn merged(mut portions: Vec<Portion>) -> String {
        let mut lines = Vec::new();
        Portion::merge(&mut portions, &mut lines);
        assert!(portions.iter().all(Portion::is_empty));
        // What was taken is not there again.
        Portion::merge(&mut portions, &mut lines);
        String::from_utf8(lines).unwrap()
    }

    #[test]
    fn lines_of_several_threads_are_in_order_of_time() {
        let one = portion(&[(1, "a"), (4, "d"), (4, "e")]);
        let two = portion(&[(2, "b"), (3, "c"), (9, "f")]);
        assert_eq!(merged(vec![one, Portion::default(), two]), "abcdef");
        assert_eq!(merged(vec![Portion::default(), portion(&[(5, "x"), (2, "y")])]), "xy");
        assert_eq!(merged(vec![]), "");
    }
}
