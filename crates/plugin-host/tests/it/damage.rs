//! Files cut short at every length, and with random bytes changed: an error, never the end of the
//! process.

use std::fs;
use std::path::Path;

use terrace_plugin_host::{Registry, read_manifest};

use crate::fixture::{self, library};

/// Borders of segments and sections, from the headers of a 64-bit file.
fn borders(bytes: &[u8]) -> Vec<usize> {
    let word = |at: usize, len: usize| {
        bytes[at..at + len].iter().rev().fold(0_usize, |all, byte| all << 8 | usize::from(*byte))
    };
    let mut borders = vec![64];
    let (phoff, phnum) = (word(32, 8), word(56, 2));
    let (shoff, shnum) = (word(40, 8), word(60, 2));
    borders.extend([phoff, phoff + phnum * 56, shoff, shoff + shnum * 64]);
    for at in (0..phnum).map(|index| phoff + index * 56) {
        borders.extend([word(at + 8, 8), word(at + 8, 8) + word(at + 32, 8)]);
    }
    for at in (0..shnum).map(|index| shoff + index * 64) {
        borders.extend([word(at + 24, 8), word(at + 24, 8) + word(at + 32, 8)]);
    }
    borders
}

#[test]
fn a_file_cut_short_anywhere_is_an_error() {
    let bytes = fs::read(library("circuit_1")).unwrap();
    let mut lengths: Vec<usize> = (0..4096).collect();
    lengths.extend((4096..bytes.len()).step_by(1024));
    lengths.extend(borders(&bytes).into_iter().flat_map(|at| [at.saturating_sub(1), at, at + 1]));
    lengths.extend([bytes.len() - 1, bytes.len() - 2]);
    lengths.retain(|length| *length < bytes.len());
    lengths.sort_unstable();
    lengths.dedup();
    let folder = fixture::folder();
    let path = folder.path().join("cut.so");
    fs::write(&path, &bytes).unwrap();
    assert!(read_manifest(&path).is_ok());
    let mut passed = Vec::new();
    // From long to short, so that the file is only cut and never written.
    for length in lengths.iter().rev() {
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(*length as u64).unwrap();
        if read_manifest(&path).is_ok() {
            passed.push(*length);
        }
    }
    // What the checks let pass must be loadable: proved where a SIGBUS does no harm.
    for length in passed {
        fs::write(&path, &bytes[..length]).unwrap();
        fixture::passing_child("damage::load_cut_file", &[("TERRACE_CUT_FILE", path.as_os_str())]);
    }
}

/// The table of sections, which stands last, is what a cut file misses first. Without one,
/// nothing is a pack, so the segments are tested with a table moved to the front.
#[test]
fn a_segment_cut_short_is_an_error_also_where_all_sections_are_whole() {
    let mut bytes = fs::read(library("circuit_1")).unwrap();
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let phoff = usize::try_from(word(&bytes, 32)).unwrap();
    // The last loaded segment is said to be as long as the file and one byte more.
    let count = usize::from(bytes[56]);
    let last = (0..count).map(|index| phoff + index * 56).rfind(|at| bytes[*at] == 1).unwrap();
    let size = bytes.len() as u64 - word(&bytes, last + 8) + 1;
    bytes[last + 32..last + 40].copy_from_slice(&size.to_le_bytes());
    bytes[last + 40..last + 48].copy_from_slice(&size.to_le_bytes());
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    fs::write(&path, &bytes).unwrap();
    let text = fixture::chain(&read_manifest(&path).unwrap_err(), folder.path());
    insta::assert_snapshot!(fixture::without_numbers(&text, 5), @r"DIR/x.so: is cut short: segment 4 ends at byte NUMBER, the file at byte NUMBER; build or copy the pack again");
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn load_cut_file() {
    let Some(path) = std::env::var_os("TERRACE_CUT_FILE") else { return };
    let _ = Registry::new().load_file(Path::new(&path));
}

/// xorshift64*, Vigna 2016.
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d)
}

#[test]
fn changed_bytes_never_panic_the_reader() {
    use std::os::unix::fs::FileExt;

    let seed = std::process::id().into();
    eprintln!("seed {seed}");
    let mut state = seed;
    let good = fs::read(library("circuit_1")).unwrap();
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    fs::write(&path, &good).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    let len = good.len();
    let shoff = usize::try_from(u64::from_le_bytes(good[40..48].try_into().unwrap())).unwrap();
    let text = b"{\"format\":1";
    let manifest = good.windows(text.len()).position(|window| window == text).unwrap();
    let areas = [(0, 64), (64, 900), (shoff, len), (shoff - 600, len), (manifest, manifest + 2000)];
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut changed = Vec::new();
        for _ in 0..=next(&mut state) % 3 {
            let (start, end) = areas[next(&mut state) as usize % areas.len()];
            let at = start + next(&mut state) as usize % (end - start);
            let byte = match next(&mut state) % 4 {
                0 => 0xff,
                1 => 0,
                2 => good[at] ^ (1 << (next(&mut state) % 8)),
                _ => next(&mut state) as u8,
            };
            file.write_all_at(&[byte], at as u64).unwrap();
            changed.push(at);
        }
        match read_manifest(&path) {
            Ok(_) => read += 1,
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
        for at in changed {
            file.write_all_at(&good[at..=at], at as u64).unwrap();
        }
    }
    assert!(read > 0 && refused > 0, "read {read}, refused {refused}");
    assert!(read_manifest(&path).is_ok());
}
