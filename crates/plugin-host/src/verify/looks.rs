//! What a file that is not ELF looks like, from its first bytes.

use crate::error::LooksLike;

/// Judges the first bytes of a file.
pub(super) fn looks_like(head: &[u8]) -> LooksLike {
    const MACH_O: [[u8; 4]; 5] = [
        [0xfe, 0xed, 0xfa, 0xce],
        [0xfe, 0xed, 0xfa, 0xcf],
        [0xce, 0xfa, 0xed, 0xfe],
        [0xcf, 0xfa, 0xed, 0xfe],
        [0xca, 0xfe, 0xba, 0xbe],
    ];
    const COMPRESSED: [&[u8]; 5] =
        [b"\x1f\x8b", b"PK\x03\x04", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh"];
    if head.starts_with(b"#!") {
        LooksLike::Script
    } else if head.starts_with(b"!<arch>\n") || head.starts_with(b"!<thin>\n") {
        LooksLike::Archive
    } else if head.starts_with(b"MZ") {
        LooksLike::Pe
    } else if MACH_O.iter().any(|magic| head.starts_with(magic)) {
        LooksLike::MachO
    } else if head.starts_with(b"\0asm") {
        LooksLike::Wasm
    } else if COMPRESSED.iter().any(|magic| head.starts_with(magic)) {
        LooksLike::Compressed
    } else if is_text(head) {
        LooksLike::Text
    } else {
        LooksLike::Data
    }
}

fn is_text(head: &[u8]) -> bool {
    let control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b);
    // The last character may be cut in the middle.
    let whole = std::str::from_utf8(head).map_or_else(|error| error.valid_up_to(), str::len);
    head.len() - whole < 4 && !head.iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell() {
        for (head, looks) in [
            (&b"#!/bin/sh\n"[..], LooksLike::Script),
            (b"hello", LooksLike::Text),
            ("INPUT(-lé".as_bytes(), LooksLike::Text),
            (b"!<arch>\n/", LooksLike::Archive),
            (b"MZ\x90\0", LooksLike::Pe),
            (b"\xcf\xfa\xed\xfe\x07", LooksLike::MachO),
            (b"\0asm\x01", LooksLike::Wasm),
            (b"PK\x03\x04", LooksLike::Compressed),
            (b"\x00\x01\x02\x03", LooksLike::Data),
        ] {
            assert_eq!(looks_like(head), looks, "{head:?}");
        }
    }
}
