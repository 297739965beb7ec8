//! Local time, held against the C library's by way of date(1), in zones of every kind.

use std::process::Command;

use notify::{Clock, FixedClock, LocalTime, SystemClock};

/// Around both changes of several years, before 1970, and after 2037, where only rules count.
fn moments() -> Vec<i64> {
    let mut moments = vec![
        -86_401,
        0,
        1,
        1_000_000_000,
        1_711_846_799,
        1_711_846_800,
        1_729_990_799,
        1_729_990_800,
        1_774_745_999,
        1_774_746_000,
        1_792_889_999,
        1_792_890_000,
        4_102_444_800,
        4_118_083_199,
    ];
    moments.extend((0..400).map(|step| 1_600_000_000 + step * 1_234_567));
    moments.extend((0..200).map(|step| 2_200_000_000 + step * 2_345_678));
    moments
}

fn in_words(time: &LocalTime) -> String {
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}",
        time.year,
        time.month,
        time.day,
        time.hour,
        time.minute,
        time.second,
        time.weekday + 1
    )
}

/// Prints local times; the test below runs it in processes with other zones.
#[test]
#[ignore = "run by the test below"]
#[allow(clippy::print_stdout)] // the test below reads it
fn child() {
    for moment in moments() {
        println!("= {}", in_words(&SystemClock.local(moment).unwrap()));
    }
}

fn ours(zone: Option<&str>) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["child", "--exact", "--ignored", "--nocapture"]);
    match zone {
        Some(zone) => command.env("TZ", zone),
        None => command.env_remove("TZ"),
    };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{zone:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter_map(|line| Some(line.split_once("= ")?.1.to_owned()))
        .collect()
}

fn of_the_c_library(zone: Option<&str>) -> Vec<String> {
    let list: String = moments()
        .iter()
        .map(|moment| format!("@{moment}\n"))
        .collect();
    let file = std::env::temp_dir().join(format!(
        "moments-{}-{:?}",
        std::process::id(),
        zone.map(|z| z.replace('/', "_"))
    ));
    std::fs::write(&file, list).unwrap();
    let mut command = Command::new("date");
    command.arg("-f").arg(&file).arg("+%Y-%m-%d %H:%M:%S %u");
    match zone {
        Some(zone) => command.env("TZ", zone),
        None => command.env_remove("TZ"),
    };
    let output = command.output().unwrap();
    std::fs::remove_file(&file).unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn local_time_follows_tz_and_localtime_as_the_c_library_does() {
    let zones = [
        None,
        Some("UTC"),
        Some(""),
        Some("Europe/Vienna"),
        Some(":Europe/Vienna"),
        Some("America/New_York"),
        Some("Asia/Kathmandu"),
        Some("Australia/Lord_Howe"),
        Some("America/Sao_Paulo"),
        Some("Europe/Dublin"),
        Some("/usr/share/zoneinfo/Africa/Casablanca"),
        Some("CET-1CEST,M3.5.0,M10.5.0/3"),
        Some("AEST-10AEDT,M10.1.0,M4.1.0/3"),
        Some("<+0330>-3:30"),
        Some("EST5"),
    ];
    for zone in zones {
        let (ours, theirs) = (ours(zone), of_the_c_library(zone));
        assert_eq!(ours.len(), moments().len(), "{zone:?}");
        assert_eq!(theirs.len(), moments().len(), "{zone:?}");
        for ((ours, theirs), moment) in ours.iter().zip(&theirs).zip(moments()) {
            assert_eq!(ours, theirs, "{zone:?} at {moment}");
        }
    }
}

#[test]
fn an_unusable_tz_counts_as_utc() {
    for zone in ["No/Such_Zone", "garbage!", "/no/such/file", "/dev/null"] {
        assert_eq!(ours(Some(zone)), ours(Some("UTC")), "{zone}");
    }
}

#[test]
fn the_system_clock_tells_the_time_of_day() {
    let date = Command::new("date").arg("+%s").output().unwrap().stdout;
    let theirs: i64 = String::from_utf8(date).unwrap().trim().parse().unwrap();
    assert!((SystemClock.now() - theirs).abs() <= 5);
}

#[test]
fn moments_out_of_range_are_none() {
    for clock in [
        &SystemClock as &dyn Clock,
        &FixedClock {
            now: 0,
            offset: 3600,
        },
    ] {
        assert_eq!(clock.local(i64::MAX), None);
        assert_eq!(clock.local(i64::MIN), None);
    }
}
