//! Numbers for people: sizes, spans of time, moments, shares. A number may come as a string: values
//! from Perl often do.

use serde_json::Value;

use super::{Environment, parameter};
use crate::Clock;

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// `{{human-bytes SIZE}}`: IEC units with up to three decimals.
pub(super) fn human_bytes(parameters: &[&Value], _: &Environment<'_>) -> Result<String, String> {
    bytes(parameter(parameters, 0)?)
}

/// `{{duration SECONDS}}`: for instance `1h 2m 5s`.
pub(super) fn duration(parameters: &[&Value], _: &Environment<'_>) -> Result<String, String> {
    span(parameter(parameters, 0)?)
}

/// `{{timestamp SECONDS}}`: a moment since the epoch as local time.
pub(super) fn timestamp(
    parameters: &[&Value],
    environment: &Environment<'_>,
) -> Result<String, String> {
    moment(parameter(parameters, 0)?, environment.clock)
}

/// `{{relative-percentage PART WHOLE}}`: two decimals, or a dash where the whole is 0.
pub(super) fn relative_percentage(
    parameters: &[&Value],
    _: &Environment<'_>,
) -> Result<String, String> {
    let part = number(parameter(parameters, 0)?)?;
    let whole = number(parameter(parameters, 1)?)?;
    if whole == 0.0 {
        Ok("-".to_owned())
    } else {
        Ok(format!("{:.2}%", part * 100.0 / whole))
    }
}

pub(super) fn bytes(value: &Value) -> Result<String, String> {
    let mut size = number(value)?;
    if size < 0.0 {
        return Err(format!("{value} is negative"));
    }
    let mut units = UNITS.iter();
    let mut unit = units.next().copied().unwrap_or_default();
    while size >= 1024.0 {
        let Some(next) = units.next() else { break };
        (size, unit) = (size / 1024.0, next);
    }
    let digits = format!("{size:.3}");
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    Ok(format!("{digits} {unit}"))
}

pub(super) fn span(value: &Value) -> Result<String, String> {
    let seconds = u64::try_from(seconds(value)?).map_err(|_| format!("{value} is negative"))?;
    let parts = [
        (seconds / 86_400, 'd'),
        (seconds / 3600 % 24, 'h'),
        (seconds / 60 % 60, 'm'),
        (seconds % 60, 's'),
    ];
    let shown: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    Ok(if shown.is_empty() {
        "0s".to_owned()
    } else {
        shown.join(" ")
    })
}

pub(super) fn moment(value: &Value, clock: &dyn Clock) -> Result<String, String> {
    let time = clock
        .local(seconds(value)?)
        .ok_or_else(|| format!("{value} is out of range"))?;
    Ok(format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        time.year, time.month, time.day, time.hour, time.minute, time.second
    ))
}

fn seconds(value: &Value) -> Result<i64, String> {
    let found = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    found.ok_or_else(|| format!("{value} is not a whole number"))
}

fn number(value: &Value) -> Result<f64, String> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    found
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("{value} is not a number"))
}
