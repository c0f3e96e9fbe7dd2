//! The canonical encoding: its bytes, its way back, and bytes from anyone.

use terrace_plugin_api::{Array, Value, ValueError, MAX_DEPTH};

use crate::value_gen::{for_random_values, Random};

#[test]
fn the_format_is_fixed() {
    let value = Value::map([
        ("é", Value::F64(-f64::NAN)),
        ("b", Value::list(vec![Value::Null, Value::Bool(true), Value::I64(-2)]).unwrap()),
        ("", Value::Array(Array::from_slice(&[1i32, -1]))),
    ])
    .unwrap();
    #[rustfmt::skip]
    let expected = [
        9, 3, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0,
        10, 1, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255,
        1, 0, 0, 0, 0, 0, 0, 0, b'b',
        8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 2, 3, 254, 255, 255, 255, 255, 255, 255, 255,
        2, 0, 0, 0, 0, 0, 0, 0, 0xc3, 0xa9,
        5, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f,
    ];
    assert_eq!(value.canonical().unwrap(), expected);
    let mut bytes = vec![8, 3, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend_from_slice(&[4, 255, 255, 255, 255, 255, 255, 255, 255]);
    bytes.extend_from_slice(&[6, 1, 0, 0, 0, 0, 0, 0, 0, b'x']);
    bytes.extend_from_slice(&[7, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    let items = vec![Value::from(u64::MAX), Value::from("x"), Value::from(vec![1u8])];
    assert_eq!(Value::from_canonical(&bytes), Value::list(items));
}

#[test]
fn random_values_come_back() {
    for_random_values(5000, |_, value| {
        let bytes = value.canonical().unwrap();
        let back = Value::from_canonical(&bytes).unwrap();
        assert_eq!(back, value);
        assert_eq!(back.canonical().unwrap(), bytes);
    });
}

#[test]
fn whatever_is_not_canonical_is_refused() {
    let word = |value: u64| value.to_le_bytes().to_vec();
    let nan = f64::from_bits(f64::NAN.to_bits() | 1);
    let cases: Vec<Vec<u8>> = vec![
        vec![],
        vec![11],
        vec![255],
        vec![0, 0],
        vec![3, 0],
        [vec![4], word(7)].concat(),
        [vec![5], word(nan.to_bits())].concat(),
        [vec![6], word(2), vec![0xc3, 0x28]].concat(),
        [vec![6], word(u64::MAX)].concat(),
        [vec![7], word(1 << 40)].concat(),
        [vec![8], word(u64::MAX / 2)].concat(),
        [vec![9], word(1 << 60)].concat(),
        // Keys out of order, then the same twice.
        [vec![9], word(2), word(1), vec![b'b', 0], word(1), vec![b'a', 0]].concat(),
        [vec![9], word(2), word(1), vec![b'a', 0], word(1), vec![b'a', 0]].concat(),
        [vec![10, 5], word(0), word(0)].concat(),
        [vec![10, 4], word(u64::MAX)].concat(),
        [vec![10, 4], word(1), word(u64::MAX)].concat(),
        [vec![10, 4], word(2), word(1 << 33), word(1 << 33)].concat(),
        [vec![10, 4], word(1), word(1), word(nan.to_bits())].concat(),
    ];
    for bytes in cases {
        let error = Value::from_canonical(&bytes).unwrap_err();
        assert!(matches!(error, ValueError::Malformed { .. }), "{:?}: {}", bytes, error);
    }
}

#[test]
fn depth_is_counted_on_the_way_down() {
    let open = [vec![8], 1u64.to_le_bytes().to_vec()].concat();
    let nested = |levels: usize| [open.repeat(levels), vec![0]].concat();
    let deepest = Value::from_canonical(&nested(usize::from(MAX_DEPTH))).unwrap();
    assert_eq!(deepest.depth(), MAX_DEPTH);
    for levels in [usize::from(MAX_DEPTH) + 1, 100_000] {
        assert_eq!(Value::from_canonical(&nested(levels)), Err(ValueError::TooDeep));
    }
}

#[test]
fn bytes_from_anyone_are_refused_or_mean_one_value() {
    let mut random = Random::new(17);
    let mut accepted = 0;
    for _ in 0..20_000 {
        let depth = random.below(5);
        let mut bytes = random.value(depth).canonical().unwrap();
        for _ in 0..1 + random.below(4) {
            let at = random.below(bytes.len() + 1);
            match random.below(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, random.next() as u8),
                2 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
                3 if at < bytes.len() => bytes[at] = random.below(12) as u8,
                // A length that lies.
                4 if at + 8 <= bytes.len() => {
                    let word = random.next() >> random.below(64);
                    bytes[at..at + 8].copy_from_slice(&word.to_le_bytes());
                }
                _ => {}
            }
        }
        if let Ok(value) = Value::from_canonical(&bytes) {
            accepted += 1;
            assert_eq!(value.canonical().unwrap(), bytes);
        }
    }
    assert!(accepted > 1000, "only {} of the mutations were values", accepted);
}

#[test]
fn nested_lengths_that_lie_take_little_memory() {
    // Each list claims as many items as there are bytes left: were that room made, it would take
    // 256 times 24 times the input, 6 GiB.
    let size = 1 << 20;
    let mut bytes = Vec::new();
    for _ in 0..MAX_DEPTH {
        bytes.push(8);
        bytes.extend_from_slice(&(size as u64 - bytes.len() as u64 - 8).to_le_bytes());
    }
    bytes.resize(size, 8);
    let before = peak_gib();
    assert!(Value::from_canonical(&bytes).is_err());
    // Other tests run in this process meanwhile, none of which takes 2 GiB.
    assert!(peak_gib() - before < 2.0);
}

/// The most address space this process ever had; 0 where that is not told.
fn peak_gib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    kib.map_or(0.0, |kib| {
        kib.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / (1 << 20) as f64
    })
}
