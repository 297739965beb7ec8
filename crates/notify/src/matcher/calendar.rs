//! The directive `match-calendar`: `[DAYS] START-END` in local time, END not included.
//!
//! DAYS is a comma list of days and of ranges `DAY..DAY`, which may wrap over the week's end. A range may
//! also be given as `DAY-DAY`, as Proxmox VE's documentation has it, and is written with the two dots that
//! every version reads. A span of time may not wrap over midnight.

use std::fmt;
use std::str::FromStr;

use crate::as_string::as_string;
use crate::clock::LocalTime;

/// A daily span of time on some days of the week.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarMatch {
    given: String,
    /// one bit per day, from Monday
    days: u8,
    /// minutes since midnight
    start: u32,
    end: u32,
}

const EVERY_DAY: u8 = 0b111_1111;
const DAYS: [(&str, &str); 7] = [
    ("mon", "monday"),
    ("tue", "tuesday"),
    ("wed", "wednesday"),
    ("thu", "thursday"),
    ("fri", "friday"),
    ("sat", "saturday"),
    ("sun", "sunday"),
];
const BLANKS: [char; 2] = [' ', '\t'];

impl CalendarMatch {
    /// Whether this local time lies within the span.
    #[must_use]
    pub fn matches(&self, time: &LocalTime) -> bool {
        let minute = u32::from(time.hour) * 60 + u32::from(time.minute);
        self.days & (1 << time.weekday.min(6)) != 0 && (self.start..self.end).contains(&minute)
    }
}

impl FromStr for CalendarMatch {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let blank = |c: char| BLANKS.contains(&c);
        if text.starts_with(blank) || text.ends_with(blank) {
            return Err(format!("'{text}' begins or ends with whitespace"));
        }
        let (days, named, span) = if text.starts_with(|c: char| c.is_ascii_digit()) {
            (EVERY_DAY, "", text)
        } else {
            let (days, span) = text
                .split_once(blank)
                .ok_or_else(|| format!("'{text}' is not of the form [DAYS] START-END"))?;
            (parse_days(days)?, days, span.trim_start_matches(blank))
        };
        let rest = text.get(named.len()..).unwrap_or_default();
        let given = named.replace('-', "..") + rest;
        let (start, end) = span
            .split_once('-')
            .ok_or_else(|| format!("'{text}' is not of the form [DAYS] START-END"))?;
        let start = parse_time(start.trim_end_matches(blank))?;
        let end = parse_time(end.trim_start_matches(blank))?;
        if start > end {
            return Err(format!("'{span}' ends before it starts"));
        }
        Ok(Self {
            given,
            days,
            start,
            end,
        })
    }
}

fn parse_days(text: &str) -> Result<u8, String> {
    let mut days = 0;
    for part in text.split(',') {
        let range = part.split_once("..").or_else(|| part.split_once('-'));
        let (first, last) = range.unwrap_or((part, part));
        let (first, last) = (parse_day(first)?, parse_day(last)?);
        let mut day = first;
        days |= 1 << day;
        while day != last {
            day = (day + 1) % 7;
            days |= 1 << day;
        }
    }
    Ok(days)
}

fn parse_day(text: &str) -> Result<usize, String> {
    DAYS.iter()
        .position(|(short, long)| {
            text.eq_ignore_ascii_case(short) || text.eq_ignore_ascii_case(long)
        })
        .ok_or_else(|| format!("'{text}' is not a day of the week"))
}

/// Minutes since midnight.
fn parse_time(text: &str) -> Result<u32, String> {
    let (hour, minute) = text.split_once(':').unwrap_or((text, "0"));
    match (number(hour), number(minute)) {
        (Some(hour @ 0..=23), Some(minute @ 0..=59)) => Ok(hour * 60 + minute),
        _ => Err(format!("'{text}' is not a time between 0:00 and 23:59")),
    }
}

/// Digits only: the number parser of the standard library would also take a sign.
fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

impl fmt::Display for CalendarMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

as_string!(CalendarMatch);
