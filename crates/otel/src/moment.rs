//! Moments of a record: its start is RFC 3339 in UTC, all else nanoseconds since.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Reads `2026-11-30T13:07:09.000000000Z`, with or without a fraction.
pub(crate) fn parse(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix('Z')?;
    let (date, time) = text.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut time = time.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    let valid = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let nanos = format!("{fraction:0<9}").get(..9)?.parse::<u32>().ok().filter(|_| valid)?;
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    UNIX_EPOCH.checked_add(Duration::new(seconds, nanos))
}

/// Days since 1970 of a date of the Gregorian calendar, from then on: Howard Hinnant's
/// `days_from_civil`.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = year - u64::from(month <= 2);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
    year / 400 * 146_097 + of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_calendar() {
        let read = |text| {
            let since = parse(text)?.duration_since(UNIX_EPOCH).ok()?;
            Some((since.as_secs(), since.subsec_nanos()))
        };
        assert_eq!(read("1970-01-01T00:00:00.000000000Z"), Some((0, 0)));
        assert_eq!(read("2000-02-29T00:00:00Z"), Some((951_782_400, 0)));
        assert_eq!(read("2026-11-30T13:40:29.25Z"), Some((1_796_046_029, 250_000_000)));
        assert_eq!(read("2100-03-01T00:00:00.000000001Z"), Some((4_107_542_400, 1)));
        for wrong in [
            "",
            "Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01",
            "2026-01-01T00:00:00.xZ",
            "-1-1-1T0:0:0Z",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
