//! What a scalar without quotes means: the core schema of YAML 1.2, section 10.3.2.
//!
//! `yes`, `on`, `1:30`, `1_000` and dates are text here, and `012` is twelve, as in every reader
//! of YAML 1.2; octal is `0o14`. Integers beyond 64 bits and floats beyond `f64` are refused,
//! never rounded.

use super::super::parse::integer;
use super::super::tree::Kind;

/// Why a scalar has no value.
#[derive(Debug, PartialEq)]
pub(super) enum Refused {
    /// The integer needs more than 64 bits.
    Integer,
    /// The float would be infinite.
    Float,
    /// The text is none of what its tag says.
    Tag,
}

/// Resolves a scalar without quotes and tag.
pub(super) fn plain(text: &str) -> Result<Kind, Refused> {
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Kind::F64(f64::NAN),
        _ => match unsigned(text) {
            ".inf" | ".Inf" | ".INF" if text.starts_with('-') => Kind::F64(f64::NEG_INFINITY),
            ".inf" | ".Inf" | ".INF" => Kind::F64(f64::INFINITY),
            _ => return number(text),
        },
    })
}

/// Resolves a scalar with a tag of the core schema, given by its last part.
pub(super) fn tagged(tag: &str, text: &str) -> Result<Kind, Refused> {
    match (tag, plain(text)) {
        ("str", _) => Ok(Kind::Str(text.to_owned())),
        ("null", Ok(Kind::Null)) => Ok(Kind::Null),
        ("bool", Ok(kind @ Kind::Bool(_))) | ("int", Ok(kind @ (Kind::I64(_) | Kind::U64(_)))) => {
            Ok(kind)
        }
        ("float", Ok(kind @ Kind::F64(_))) => Ok(kind),
        ("float", Ok(Kind::I64(_) | Kind::U64(_)) | Err(Refused::Integer)) if is_float(text) => {
            float(text)
        }
        ("int", Err(Refused::Integer)) => Err(Refused::Integer),
        ("float", Err(Refused::Float)) => Err(Refused::Float),
        _ => Err(Refused::Tag),
    }
}

fn number(text: &str) -> Result<Kind, Refused> {
    let (signed, radix) = if let Some(octal) = text.strip_prefix("0o") {
        (octal, 8)
    } else if let Some(hexadecimal) = text.strip_prefix("0x") {
        (hexadecimal, 16)
    } else {
        (text, 10)
    };
    let digits = if radix == 10 { unsigned(signed) } else { signed };
    if !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix)) {
        return integer(signed, radix).ok_or(Refused::Integer);
    }
    if is_float(text) { float(text) } else { Ok(Kind::Str(text.to_owned())) }
}

fn unsigned(text: &str) -> &str {
    text.strip_prefix(['-', '+']).unwrap_or(text)
}

/// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_float(text: &str) -> bool {
    let text = unsigned(text);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(unsigned);
    digits(before)
        && digits(after)
        && !(before.is_empty() && after.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

fn float(text: &str) -> Result<Kind, Refused> {
    match text.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(Kind::F64(float)),
        _ => Err(Refused::Float),
    }
}
