//! Random values from a seed, of every kind that is data, with a liking for the odd ones.

use terrace_plugin_api::{Array, Bytes, Value};

/// SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn bytes(&mut self, end: usize) -> Vec<u8> {
        (0..self.below(end)).map(|_| self.next() as u8).collect()
    }

    fn text(&mut self) -> String {
        let starts = [
            "",
            "$",
            "$$",
            "$f64",
            "$bytes",
            "$array",
            "$$bytes",
            "$é",
            "a",
            "日本",
            "ключ",
            "\u{0}",
            "\"\\\n",
            "😀",
            "مفتاح",
            "items",
            "NaN",
        ];
        let mut text = self.pick(&starts).to_owned();
        for _ in 0..self.below(4) {
            text.push(char::from_u32(self.below(0x3000) as u32).unwrap_or('x'));
        }
        text
    }

    fn float(&mut self) -> f64 {
        match self.below(4) {
            0 => self.pick(&[0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, 5e-324]),
            1 => f64::from_bits(0x7ff0_0000_0000_0001 | (self.next() & 0x800f_ffff_ffff_ffff)),
            2 => self.next() as i64 as f64 / 1024.0,
            _ => f64::from_bits(self.next()),
        }
    }

    fn array(&mut self) -> Array {
        let shape = match self.below(4) {
            0 => vec![],
            1 => vec![self.below(20) as u64],
            2 => vec![0, u64::MAX],
            _ => vec![self.below(4) as u64, self.below(4) as u64],
        };
        let len = shape.iter().fold(1u64, |len, &side| len.saturating_mul(side));
        let words: Vec<u64> = (0..len).map(|_| self.next()).collect();
        let array = match self.below(5) {
            0 => Array::with_shape(&map(&words, |word| word as u8), &shape),
            1 => Array::with_shape(&map(&words, |word| word as i32), &shape),
            2 => Array::with_shape(&map(&words, |word| word as i64), &shape),
            3 => Array::with_shape(&map(&words, |_| f32::from_bits(self.next() as u32)), &shape),
            _ => Array::with_shape(&map(&words, |_| self.float()), &shape),
        };
        array.unwrap()
    }

    /// A value that nests at most so deep.
    pub(crate) fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 8 } else { 13 }) {
            0 => Value::Null,
            1 => Value::Bool(self.next() & 1 == 0),
            2 => Value::I64(self.next() as i64),
            3 => Value::from(self.pick(&[0, 1, i64::MAX as u64, i64::MAX as u64 + 1, u64::MAX])),
            4 => Value::F64(self.float()),
            5 => Value::from(self.text()),
            6 => Value::Bytes(Bytes::from(self.bytes(40))),
            7 => Value::Array(self.array()),
            8 | 9 => {
                let items = (0..self.below(6)).map(|_| self.value(depth - 1)).collect();
                Value::list(items).unwrap()
            }
            _ => {
                let len = if self.below(8) == 0 { self.below(40) } else { self.below(4) };
                let mut entries: Vec<(String, Value)> = Vec::new();
                for _ in 0..len {
                    let key = self.text();
                    if entries.iter().all(|(other, _)| *other != key) {
                        entries.push((key, self.value(depth - 1)));
                    }
                }
                Value::map(entries).unwrap()
            }
        }
    }

    /// An equal value that shares nothing and has its maps in another order.
    pub(crate) fn shuffled(&mut self, value: &Value) -> Value {
        match value {
            Value::List(list) => {
                Value::list(list.iter().map(|item| self.shuffled(item)).collect()).unwrap()
            }
            Value::Map(map) => {
                let mut entries: Vec<_> =
                    map.iter().map(|(key, item)| (key, self.shuffled(item))).collect();
                for end in (1..entries.len()).rev() {
                    entries.swap(end, self.below(end + 1));
                }
                Value::map(entries).unwrap()
            }
            Value::F64(float) if float.is_nan() => Value::F64(-f64::NAN),
            Value::Str(text) => Value::from(text.as_str()),
            other => other.clone(),
        }
    }
}

fn map<T>(words: &[u64], make: impl FnMut(u64) -> T) -> Vec<T> {
    words.iter().copied().map(make).collect()
}

/// Runs a claim on random values, and says which seed to run again when it does not hold.
pub(crate) fn for_random_values(count: u64, mut claim: impl FnMut(&mut Random, Value)) {
    struct Report(u64);
    impl Drop for Report {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("failed with seed {}", self.0);
            }
        }
    }
    for seed in 0..count {
        let _report = Report(seed);
        let mut random = Random::new(seed);
        let depth = random.below(6);
        let value = random.value(depth);
        claim(&mut random, value);
    }
}
