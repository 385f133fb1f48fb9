//! Numbers and times of arguments, parsed with an error that says what is allowed.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Returns the parser of a whole number in a range.
pub(super) fn number(
    allowed: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<u64, String> + Clone + Send + Sync + 'static {
    move |text| {
        text.parse().ok().filter(|number| allowed.contains(number)).ok_or_else(|| {
            format!("expected a number from {} to {}", allowed.start(), allowed.end())
        })
    }
}

/// Parses how many columns a row has.
pub(super) fn columns(text: &str) -> Result<u8, String> {
    let columns = number(1..=u8::MAX.into())(text)?;
    u8::try_from(columns).map_err(|error| error.to_string())
}

/// Parses a time.
pub(super) fn time(text: &str) -> Result<humantime::Duration, String> {
    text.parse().map_err(|_| "expected a time, such as 500ms, 10s or 5min".to_owned())
}

/// Parses an interval, neither zero nor longer than an hour.
pub(super) fn interval(text: &str) -> Result<humantime::Duration, String> {
    let time = text.parse::<humantime::Duration>().ok();
    let allowed = Duration::from_millis(1)..=Duration::from_secs(3600);
    time.filter(|time| allowed.contains(time))
        .ok_or_else(|| "expected a time from 1ms to 1h, such as 50ms or 1s".to_owned())
}

/// Parses how many times a second something happens.
pub(super) fn rate(text: &str) -> Result<f64, String> {
    factor(text).ok_or_else(|| "expected a number from 0.01 to 1000, such as 60".to_owned())
}

/// Parses how many times as fast something goes.
pub(super) fn speed(text: &str) -> Result<f64, String> {
    factor(text).ok_or_else(|| "expected a number from 0.01 to 1000, such as 2 or 0.5".to_owned())
}

fn factor(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number| (0.01..=1000.0).contains(number))
}
