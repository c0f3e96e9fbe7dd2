//! Base64 as RFC 4648 section 4 has it: standard alphabet, padded. The decoder accepts exactly
//! what the encoder writes: no line breaks, no missing padding, no stray bits.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The position of each letter in the alphabet, or `NONE`.
const DIGITS: [u8; 256] = {
    let mut digits = [NONE; 256];
    let mut at = 0;
    while at < ALPHABET.len() {
        digits[ALPHABET[at] as usize] = at as u8;
        at += 1;
    }
    digits
};
const NONE: u8 = 0xff;

pub(super) fn encode(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity((bytes.len() + 2) / 3 * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0, |group, &byte| group << 8 | u32::from(byte));
        let group = group << (8 * (3 - chunk.len()));
        let mut letters =
            [18, 12, 6, 0].map(|shift| ALPHABET[(group >> shift) as usize % ALPHABET.len()]);
        letters[1 + chunk.len()..].fill(b'=');
        out.extend_from_slice(&letters);
    }
    String::from_utf8(out).expect("the alphabet is ASCII")
}

/// The bytes, or `None` for anything that [`encode`] would not have written.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    if text.len() % 4 != 0 {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|&&letter| letter == b'=').count();
    let digits = &text[..text.len() - padding];
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in digits.chunks(4) {
        let mut group = 0;
        for &letter in chunk {
            let digit = DIGITS[usize::from(letter)];
            if digit == NONE {
                return None;
            }
            group = group << 6 | u32::from(digit);
        }
        let bytes = chunk.len() - 1;
        let [_, decoded @ ..] = (group << (6 * (4 - chunk.len()))).to_be_bytes();
        if decoded[bytes..].iter().any(|&stray| stray != 0) {
            return None;
        }
        out.extend_from_slice(&decoded[..bytes]);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vectors_of_rfc_4648() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(encode(&[0xfb, 0xff, 0xfe]), "+//+");
    }

    #[test]
    fn every_length_and_byte_comes_back() {
        let bytes: Vec<u8> = (0..=255).chain((0..=255).rev()).collect();
        for end in 0..bytes.len() {
            assert_eq!(decode(&encode(&bytes[..end])).as_deref(), Some(&bytes[..end]));
        }
    }

    #[test]
    fn whatever_encode_does_not_write_is_refused() {
        for text in [
            "Z",
            "Zg",
            "Zg=",
            "Zg===",
            "=",
            "==",
            "====",
            "Z===",
            "Zh==",
            "Zm9=",
            "Zg==Zg==",
            "Zm 9",
            "Zm9v\n",
            "Zm9\u{e9}",
            "Zm-_",
            "=Zm9",
            "Zm=v",
        ] {
            assert_eq!(decode(text), None, "{:?}", text);
        }
    }
}
