//! What time it is, and what a moment is called in local time.
//!
//! The real clock reads the zone from `TZ` (a name, a file or a POSIX rule), else from
//! `/etc/localtime`, and notices a change of either within a second, also in a daemon. An unusable
//! `TZ` counts as UTC, as in the C library.

use std::fs;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Datelike, FixedOffset, Local, NaiveDate, TimeZone, Timelike};

/// The source of wall clock time: the real one is [`SystemClock`], tests use [`FixedClock`].
pub trait Clock: Send + Sync {
    /// Seconds since the epoch.
    fn now(&self) -> i64;

    /// The moment in local time; `None` if it is out of range (some 262 000 years).
    fn local(&self, seconds: i64) -> Option<LocalTime>;

    /// How far local time is ahead of UTC at that moment, in seconds.
    fn offset(&self, seconds: i64) -> i32 {
        let ahead = self.local(seconds).and_then(|local| {
            let date = NaiveDate::from_ymd_opt(local.year, local.month.into(), local.day.into())?;
            let hms = (local.hour.into(), local.minute.into(), local.second.into());
            let time = date.and_hms_opt(hms.0, hms.1, hms.2)?.and_utc().timestamp();
            i32::try_from(time.checked_sub(seconds)?).ok()
        });
        ahead.unwrap_or(0)
    }

    /// Time since the machine was started: never goes back, and goes on while it is suspended.
    fn uptime(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        let whole = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(whole, u32::try_from(time.tv_nsec).unwrap_or(0))
    }
}

/// When a day begins in UTC, `YYYY-MM-DD`, in seconds since the epoch.
pub(crate) fn begin_of_day(text: &str) -> Option<i64> {
    let is_whole = text.len() == 10 && text.starts_with(|c: char| c.is_ascii_digit());
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .filter(|_| is_whole)?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
}

/// The day of a moment in UTC, in the same form.
pub(crate) fn day_of(seconds: i64) -> String {
    let moment = DateTime::from_timestamp(seconds, 0);
    moment.map_or_else(String::new, |moment| moment.format("%Y-%m-%d").to_string())
}

/// Tells one start of the machine from another: [`Clock::uptime`] of different starts cannot be compared.
pub(crate) fn boot_id() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id");
    id.map(|id| id.trim().to_owned()).unwrap_or_default()
}

/// A moment in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Year of the Gregorian calendar.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Days since Monday, 0 to 6.
    pub weekday: u8,
}

/// The machine's clock and time zone.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        // a clock before 1970 counts backwards
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
            Err(before) => {
                i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds)
            }
        }
    }

    fn local(&self, seconds: i64) -> Option<LocalTime> {
        Local.timestamp_opt(seconds, 0).single().map(in_parts)
    }
}

/// A clock that stands still, in a zone of fixed distance from UTC.
#[derive(Clone, Copy, Debug)]
pub struct FixedClock {
    /// What [`Clock::now`] answers.
    pub now: i64,
    /// How far local time is ahead of UTC, in seconds.
    pub offset: i32,
}

impl Clock for FixedClock {
    fn now(&self) -> i64 {
        self.now
    }

    fn local(&self, seconds: i64) -> Option<LocalTime> {
        FixedOffset::east_opt(self.offset)?
            .timestamp_opt(seconds, 0)
            .single()
            .map(in_parts)
    }
}

fn in_parts<Zone: TimeZone>(time: DateTime<Zone>) -> LocalTime {
    let small = |number: u32| u8::try_from(number).unwrap_or(0);
    LocalTime {
        year: time.year(),
        month: small(time.month()),
        day: small(time.day()),
        hour: small(time.hour()),
        minute: small(time.minute()),
        second: small(time.second()),
        weekday: small(time.weekday().num_days_from_monday()),
    }
}
