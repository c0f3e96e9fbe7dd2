//! Durations, sizes, rates and amounts as people write them: `1m 30s`, `8GiB`, `80/min`, `0.05`.
//!
//! # Invariants
//! - What is shown reads back as the same.
//! - No number goes through a float: `0.1` is 100,000 millionths.

use std::fmt;
use std::time::Duration;

/// The longest duration: ten years.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(10 * 31_557_600);

/// What is wrong with a text, and what to write instead.
#[derive(Debug, PartialEq)]
pub(crate) struct Mistake {
    /// What is wrong: goes on after "`timeout`: ".
    pub(crate) message: String,
    /// What to do.
    pub(crate) help: String,
}

impl Mistake {
    fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: help.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.message, self.help)
    }
}

/// A text in a message, cut where it is long.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("`{}{more}`", short.escape_debug())
}

/// Reads `5s`, `1m 30s`, `250ms`, `2h`.
pub(crate) fn duration(text: &str) -> Result<Duration, Mistake> {
    const HELP: &str = "as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`";
    let text = text.trim();
    if text.parse::<f64>().is_ok() {
        let help = match text.trim_start_matches(['-', '+']) {
            number if number == text => format!("write `{text}s` for seconds"),
            _ => HELP.to_owned(),
        };
        return Err(Mistake::new(format!("{} has no unit", shown(text)), help));
    }
    // To humantime these are months, which hardly anybody means.
    let mut units = text.split(|c: char| !c.is_ascii_alphabetic());
    if units.any(|unit| unit == "M") {
        let help = "minutes are `m`, months `months`";
        return Err(Mistake::new(format!("`M` of {} is no unit", shown(text)), help));
    }
    let found = humantime::parse_duration(text)
        .map_err(|_| Mistake::new(format!("{} is no duration", shown(text)), HELP))?;
    if found > MAX_DURATION {
        return Err(Mistake::new(format!("{} is too long", shown(text)), "10 years are the most"));
    }
    Ok(found)
}

/// Reads a duration as people write it: `1m 30s`.
///
/// # Errors
/// What is wrong with it, and what to write instead.
pub fn read_duration(text: &str) -> Result<Duration, String> {
    duration(text).map_err(|mistake| mistake.to_string())
}

/// Reads a size as people write it, in bytes: `100MB`, `8GiB`.
///
/// # Errors
/// What is wrong with it, and what to write instead.
pub fn read_size(text: &str) -> Result<u64, String> {
    size(text).map_err(|mistake| mistake.to_string())
}

/// Writes a duration with as few units as it needs: `1m 30s`.
pub fn show_duration(duration: Duration) -> String {
    parts_of(duration, " ")
}

fn parts_of(duration: Duration, between: &str) -> String {
    const UNITS: [(u128, &str); 7] = [
        (86_400_000_000_000, "d"),
        (3_600_000_000_000, "h"),
        (60_000_000_000, "m"),
        (1_000_000_000, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    let mut rest = duration.as_nanos();
    let mut parts = Vec::new();
    for (unit, name) in UNITS {
        if rest >= unit {
            parts.push(format!("{}{name}", rest / unit));
            rest %= unit;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(between) }
}

const SIZES: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Reads `100MB` (powers of 1000) and `8GiB` (powers of 1024) as bytes.
pub(crate) fn size(text: &str) -> Result<u64, Mistake> {
    const HELP: &str = "as in `100MB`, `8GB` (powers of 1000) or `8GiB` (powers of 1024)";
    let text = text.trim();
    let cut = text.find(|c: char| !matches!(c, '0'..='9' | '.')).unwrap_or(text.len());
    let (number, unit) = (&text[..cut], text[cut..].trim_start());
    if number.is_empty() {
        return Err(Mistake::new(format!("{} is no size", shown(text)), HELP));
    }
    let Some((_, factor)) = SIZES.iter().find(|(name, _)| *name == unit) else {
        let ambiguous = matches!(unit, "k" | "K" | "M" | "G" | "T");
        let message = match unit {
            "" => format!("{} has no unit", shown(text)),
            _ if ambiguous => format!("{} may be two sizes", shown(text)),
            _ => format!("{} is no unit of a size", shown(unit)),
        };
        let same = SIZES.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit));
        let help = match (unit, same) {
            ("", _) => format!("write `{number}B` for bytes, or `kB`, `MB`, `GB`, `MiB`, `GiB`"),
            ("k" | "K", _) => {
                format!("write `{number}kB` (1000 bytes each) or `{number}KiB` (1024 bytes each)")
            }
            (unit, _) if ambiguous => format!(
                "write `{number}{unit}B` (powers of 1000) or `{number}{unit}iB` (powers of 1024)"
            ),
            (_, Some((name, _))) => format!("write `{number}{name}`"),
            _ => HELP.to_owned(),
        };
        return Err(Mistake::new(message, help));
    };
    match scaled(number, *factor) {
        Ok(size) => Ok(size),
        Err(Scale::NoNumber) => Err(Mistake::new(format!("{} is no size", shown(text)), HELP)),
        Err(Scale::Fraction) => {
            let message = format!("{} is no whole number of bytes", shown(text));
            Err(Mistake::new(message, "write it in a smaller unit"))
        }
        Err(Scale::TooLarge) => {
            let message = format!("{} is too large", shown(text));
            Err(Mistake::new(message, "sizes end below 2⁶⁴ bytes"))
        }
    }
}

/// Writes bytes in the unit that leaves the smallest whole number.
pub fn show_size(bytes: u64) -> String {
    let exact = SIZES.iter().filter(|(_, factor)| bytes > 0 && bytes.is_multiple_of(*factor));
    let (name, factor) = exact.max_by_key(|(_, factor)| *factor).unwrap_or(&SIZES[0]);
    format!("{}{name}", bytes / factor)
}

/// Reads `80/min`, `10 per second`, `100/15m` as so many starts in a time.
pub(crate) fn rate(text: &str) -> Result<(u32, Duration), Mistake> {
    const HELP: &str = "as in `10/s`, `80/min`, `5000/h` or `100/15m`";
    let wrong = |what: &str| Mistake::new(format!("{} {what}", shown(text)), HELP);
    let (starts, per) = text
        .split_once('/')
        .or_else(|| text.split_once(" per "))
        .ok_or_else(|| wrong("is no rate: a number of starts in a time"))?;
    let (starts, per) = (starts.trim(), per.trim());
    let starts: u64 = starts.parse().map_err(|_| wrong("does not start with a whole number"))?;
    if starts == 0 {
        return Err(wrong("lets nothing start"));
    }
    let starts = u32::try_from(starts).map_err(|_| wrong("starts too many"))?;
    let one = if per.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
    let per = duration(&format!("{one}{per}")).map_err(|mistake| match mistake.message {
        message if message.ends_with("too long") => wrong("is over too long a time"),
        _ if per.ends_with('M') => wrong("has no unit of time (`M`; minutes are `min`)"),
        _ => wrong("has no unit of time"),
    })?;
    if per.is_zero() {
        return Err(wrong("is in no time"));
    }
    Ok((starts, per))
}

/// Writes a rate: `80/min`.
pub(crate) fn show_rate(starts: u32, per: Duration) -> String {
    let per = match (per.as_secs(), per.subsec_nanos()) {
        (1, 0) => "s".to_owned(),
        (60, 0) => "min".to_owned(),
        (3_600, 0) => "h".to_owned(),
        (86_400, 0) => "d".to_owned(),
        _ => parts_of(per, ""),
    };
    format!("{starts}/{per}")
}

/// Reads `5`, `0.05` as millionths.
pub(crate) fn amount(text: &str) -> Result<u64, Mistake> {
    const HELP: &str = "a number from 0 with at most six decimals, as in `0.05`";
    let text = text.trim();
    if text.starts_with('-') {
        return Err(Mistake::new(format!("{} is negative", shown(text)), HELP));
    }
    scaled(text, 1_000_000).map_err(|error| match error {
        Scale::NoNumber => Mistake::new(format!("{} is no amount", shown(text)), HELP),
        Scale::Fraction => {
            Mistake::new(format!("{} has more than six decimals", shown(text)), HELP)
        }
        Scale::TooLarge => Mistake::new(
            format!("{} is too large", shown(text)),
            "18446744073709 is the most, about 1.8·10¹³",
        ),
    })
}

/// Reads `5%`, `0.5 %` as millionths of the whole.
pub(crate) fn percent(text: &str) -> Result<u32, Mistake> {
    const HELP: &str = "as in `5%` or `0.5%`, from 0 to 100 with at most four decimals";
    let wrong = |what: &str| Mistake::new(format!("{} {what}", shown(text)), HELP);
    let number = text.trim().strip_suffix('%').ok_or_else(|| wrong("is no percentage"))?.trim();
    let share = scaled(number, 10_000).map_err(|error| match error {
        Scale::NoNumber => wrong("is no percentage"),
        Scale::Fraction => wrong("has more than four decimals"),
        Scale::TooLarge => wrong("is more than all"),
    })?;
    u32::try_from(share)
        .ok()
        .filter(|share| *share <= 1_000_000)
        .ok_or_else(|| wrong("is more than all"))
}

/// Writes a share: `0.5%`.
pub(crate) fn show_percent(millionths: u32) -> String {
    let (whole, rest) = (millionths / 10_000, millionths % 10_000);
    match rest {
        0 => format!("{whole}%"),
        _ => format!("{whole}.{}%", format!("{rest:04}").trim_end_matches('0')),
    }
}

enum Scale {
    NoNumber,
    Fraction,
    TooLarge,
}

/// A decimal number times a factor, exactly.
fn scaled(text: &str, factor: u64) -> Result<u64, Scale> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(rest) || text.ends_with('.') {
        return Err(Scale::NoNumber);
    }
    let rest = rest.trim_end_matches('0');
    let whole: u64 = whole.parse().map_err(|_| Scale::TooLarge)?;
    let whole = whole.checked_mul(factor).ok_or(Scale::TooLarge)?;
    // More digits than any factor here has cannot leave a whole number but where they are halved
    // again and again: 2⁴⁰ takes 40 of them.
    if rest.len() > 40 {
        return Err(Scale::Fraction);
    }
    let mut part = u128::from(factor);
    let mut sum: u128 = 0;
    // Long division: each digit is worth a tenth of the one before it, as long as that is whole.
    let mut scale: u128 = 1;
    for digit in rest.bytes() {
        if part.is_multiple_of(10) {
            part /= 10;
        } else {
            scale = scale.checked_mul(10).ok_or(Scale::Fraction)?;
            sum = sum.checked_mul(10).ok_or(Scale::Fraction)?;
        }
        sum = u128::from(digit - b'0')
            .checked_mul(part)
            .and_then(|worth| sum.checked_add(worth))
            .ok_or(Scale::Fraction)?;
    }
    if !sum.is_multiple_of(scale) {
        return Err(Scale::Fraction);
    }
    let sum = u64::try_from(sum / scale).map_err(|_| Scale::TooLarge)?;
    whole.checked_add(sum).ok_or(Scale::TooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steele, Lea and Flood's generator.
    fn next(state: &mut u64) -> u64 {
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = *state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn what_is_shown_reads_back_as_the_same() {
        let mut state = 7;
        for _ in 0..20_000 {
            let number = next(&mut state) >> (next(&mut state) % 64);
            assert_eq!(size(&show_size(number)), Ok(number));
            let millionths = super::super::Amount { of: "x".into(), millionths: number };
            assert_eq!(amount(&millionths.shown()), Ok(number));
            let time = Duration::from_nanos(number).min(MAX_DURATION);
            assert_eq!(duration(&show_duration(time)), Ok(time));
            let starts = (number as u32).max(1);
            let per = time.max(Duration::from_nanos(1));
            assert_eq!(rate(&show_rate(starts, per)), Ok((starts, per)));
            let share = number as u32 % 1_000_001;
            assert_eq!(percent(&show_percent(share)), Ok(share));
        }
        for seconds in [1, 60, 3_600, 86_400] {
            let per = Duration::from_secs(seconds);
            assert_eq!(rate(&show_rate(5, per)), Ok((5, per)));
        }
    }

    #[test]
    fn what_people_write() {
        let seconds = Duration::from_secs;
        assert_eq!(duration("1m 30s"), Ok(seconds(90)));
        assert_eq!(duration(" 2h"), Ok(seconds(7_200)));
        assert_eq!(duration("1day"), Ok(seconds(86_400)));
        assert_eq!(size("8GB"), Ok(8_000_000_000));
        assert_eq!(size("8 GiB"), Ok(8 << 30));
        assert_eq!(size("1.5kB"), Ok(1_500));
        assert_eq!(size("0.5KiB"), Ok(512));
        assert_eq!(size("0.0009765625KiB"), Ok(1));
        assert_eq!(rate("10 per second"), Ok((10, seconds(1))));
        assert_eq!(rate("80 / min"), Ok((80, seconds(60))));
        assert_eq!(rate("100/15m"), Ok((100, seconds(900))));
        assert_eq!(rate("1/2s"), Ok((1, seconds(2))));
        assert_eq!(rate("7/d"), Ok((7, seconds(86_400))));
        assert_eq!(amount("0.1"), Ok(100_000));
        assert_eq!(amount("5.00"), Ok(5_000_000));
        assert_eq!(amount("0.000001"), Ok(1));
        assert_eq!(percent("0.5 %"), Ok(5_000));
        assert_eq!(show_size(8_000_000_000), "8GB");
        assert_eq!(show_size(8 << 30), "8GiB");
        assert_eq!(show_size(0), "0B");
        assert_eq!(show_duration(Duration::from_millis(1_500)), "1s 500ms");
    }

    #[test]
    fn what_is_refused() {
        let texts = ["5", "1.5", "-3", "5M", "5 parsecs", "11years", "", "s"];
        let durations: Vec<_> =
            texts.iter().map(|t| duration(t).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(durations.join("\n"), @"
        `5` has no unit (write `5s` for seconds)
        `1.5` has no unit (write `1.5s` for seconds)
        `-3` has no unit (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`)
        `M` of `5M` is no unit (minutes are `m`, months `months`)
        `5 parsecs` is no duration (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`)
        `11years` is too long (10 years are the most)
        `` is no duration (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`)
        `s` is no duration (as in `250ms`, `5s`, `1m 30s`, `2h` or `1d`)
        ");
        let texts =
            ["8G", "8K", "8", "8gb", "1.2345kB", "99999999TB", "GB", "1.2.3GB", "8XB", "-1GB"];
        let sizes: Vec<_> = texts.iter().map(|t| size(t).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(sizes.join("\n"), @"
        `8G` may be two sizes (write `8GB` (powers of 1000) or `8GiB` (powers of 1024))
        `8K` may be two sizes (write `8kB` (1000 bytes each) or `8KiB` (1024 bytes each))
        `8` has no unit (write `8B` for bytes, or `kB`, `MB`, `GB`, `MiB`, `GiB`)
        `gb` is no unit of a size (write `8GB`)
        `1.2345kB` is no whole number of bytes (write it in a smaller unit)
        `99999999TB` is too large (sizes end below 2⁶⁴ bytes)
        `GB` is no size (as in `100MB`, `8GB` (powers of 1000) or `8GiB` (powers of 1024))
        `1.2.3GB` is no size (as in `100MB`, `8GB` (powers of 1000) or `8GiB` (powers of 1024))
        `XB` is no unit of a size (as in `100MB`, `8GB` (powers of 1000) or `8GiB` (powers of 1024))
        `-1GB` is no size (as in `100MB`, `8GB` (powers of 1000) or `8GiB` (powers of 1024))
        ");
        let texts = ["80", "x/min", "0/s", "80/fortnight", "80/M", "5/0s", "9999999999/s", "1.5/s"];
        let rates: Vec<_> = texts.iter().map(|t| rate(t).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(rates.join("\n"), @"
        `80` is no rate: a number of starts in a time (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `x/min` does not start with a whole number (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `0/s` lets nothing start (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `80/fortnight` has no unit of time (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `80/M` has no unit of time (`M`; minutes are `min`) (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `5/0s` is in no time (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `9999999999/s` starts too many (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        `1.5/s` does not start with a whole number (as in `10/s`, `80/min`, `5000/h` or `100/15m`)
        ");
        let texts = ["-1", "0.0000001", "99999999999999", "five", "1e3", ".5", "5."];
        let amounts: Vec<_> = texts.iter().map(|t| amount(t).unwrap_err().to_string()).collect();
        insta::assert_snapshot!(amounts.join("\n"), @"
        `-1` is negative (a number from 0 with at most six decimals, as in `0.05`)
        `0.0000001` has more than six decimals (a number from 0 with at most six decimals, as in `0.05`)
        `99999999999999` is too large (18446744073709 is the most, about 1.8·10¹³)
        `five` is no amount (a number from 0 with at most six decimals, as in `0.05`)
        `1e3` is no amount (a number from 0 with at most six decimals, as in `0.05`)
        `.5` is no amount (a number from 0 with at most six decimals, as in `0.05`)
        `5.` is no amount (a number from 0 with at most six decimals, as in `0.05`)
        ");
    }
}
