//! What will end is told in time: a client secret and an authorization that nobody uses, over two years of days.

use crate::alert::phone;
use crate::site::{Later, NOW, OK, Site, split, web, words};

const DAY: i64 = 86_400;
const SECRET: &str = "smtp: relay\n\toauth2-client-secret client~cAnArY\n";

/// A target whose client secret ends on this day.
fn relay(method: &str, expires: Option<&str>) -> String {
    let more = match method {
        "custom-oauth2" => {
            "\toauth2-token-url https://localhost/token\n\toauth2-authorize-url https://localhost/\n\
             \toauth2-scopes mail\n"
        }
        _ => "",
    };
    let expires = expires.map(|day| format!("\toauth2-secret-expires {day}\n"));
    format!(
        "smtp: relay\n\tserver localhost\n\tport 9\n\tmode tls\n\tfrom-address pve@example.org\n\
         \tmailto ann@example.org\n\tusername pve@example.org\n\tauth-method {method}\n\
         \toauth2-client-id 1.apps.example.org\n{more}{}",
        expires.unwrap_or_default()
    )
}

/// The day, counted from the first one, and the title of each message of a year of daily runs.
fn told(site: &Site, clock: &Later, seen: &crate::site::Seen, days: i64) -> Vec<(i64, String)> {
    let mut all = Vec::new();
    for day in 1..=days {
        clock.pass(DAY);
        let before = seen.lock().unwrap().len();
        for _ in 0..2 {
            let delivery = site.warn();
            assert!(delivery.log.is_empty(), "{:?}", delivery.log);
            assert!(words(&delivery).iter().all(|(.., word)| *word == "sent"));
        }
        for request in &seen.lock().unwrap()[before..] {
            let (_, body) = split(request);
            all.push((day, body["title"].as_str().unwrap().to_owned()));
        }
    }
    all
}

#[test]
fn a_client_secret_is_told_five_times_in_each_of_two_years() {
    let (server, seen) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let secrets = format!("{SECRET}\n{secrets}");
    let clock = Later::new();
    // 366 days after the first one
    let with = |day| format!("{}\n{public}", relay("custom-oauth2", Some(day)));
    let site = Site::new(&with("2024-11-14"), &secrets).with_clock(clock);
    site.consent("relay");
    assert!(site.health("relay").secret_expires.is_some());
    let first = told(&site, clock, &seen, 380);
    let days: Vec<i64> = first.iter().map(|(day, _)| *day).collect();
    // the day begins 22 h 13 min after the moment of the first one
    assert_eq!(days, [306, 336, 359, 365, 366], "{first:?}");
    let title = "Client secret of notification target relay on";
    assert!(
        first.iter().all(|(_, told)| told.starts_with(title)),
        "{first:?}"
    );
    assert!(first[3].1.ends_with("expires on 2024-11-14"), "{first:?}");
    assert!(first[4].1.ends_with("has expired"), "{first:?}");
    let health = site.health("relay");
    let warning = health.warning.unwrap();
    assert!(
        warning.contains("the client secret expired on 2024-11-14"),
        "{warning}"
    );

    let site = site.with_targets(&with("2025-11-14"), &secrets);
    assert_eq!(site.health("relay").warning, None);
    let second = told(&site, clock, &seen, 350);
    let days: Vec<i64> = second.iter().map(|(day, _)| day + 380).collect();
    assert_eq!(days, [671, 701, 724, 730], "{second:?}");
}

#[test]
fn a_secret_whose_end_nobody_knows_is_not_told() {
    let (server, seen) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let clock = Later::new();
    let public = format!("{}\n{public}", relay("custom-oauth2", None));
    let site = Site::new(&public, &format!("{SECRET}\n{secrets}")).with_clock(clock);
    site.consent("relay");
    assert_eq!(told(&site, clock, &seen, 400), []);
}

#[test]
fn an_authorization_that_nobody_uses_is_told_before_it_ends() {
    let (server, seen) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let clock = Later::new();
    let public = format!("{}\n{public}", relay("google-oauth2", None));
    let site = Site::new(&public, &format!("{SECRET}\n{secrets}")).with_clock(clock);
    site.consent("relay");
    let end = site.health("relay").expected_end.unwrap();
    assert_eq!(end, NOW + 180 * DAY);
    let all = told(&site, clock, &seen, 200);
    let days: Vec<i64> = all.iter().map(|(day, _)| *day).collect();
    assert_eq!(days, [150, 173, 179, 180], "{all:?}");
    assert!(
        all[0]
            .1
            .starts_with("Authorization of notification target relay"),
        "{all:?}"
    );
}

#[test]
fn two_nodes_tell_it_once() {
    let (server, seen) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let clock = Later::new();
    let public = format!("{}\n{public}", relay("custom-oauth2", Some("2023-12-14")));
    let site = Site::new(&public, &format!("{SECRET}\n{secrets}")).with_clock(clock);
    site.consent("relay");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| site.warn());
        }
    });
    assert_eq!(seen.lock().unwrap().len(), 1);
}
