//! All targets at the same time, each with its own fate.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use notify::Severity;
use notify::deliver::Level;
use notify::service::{BACKGROUND_BUDGET, CALL_BUDGET};

use crate::peer::{Server, answer, hold, read_request};
use crate::site::{OK, Site, logged, plain, web, words};

fn gotify(name: &str, port: u16) -> (String, String) {
    (
        format!("gotify: {name}\n\tserver http://localhost:{port}\n\n"),
        format!("gotify: {name}\n\ttoken cAnArY\n\n"),
    )
}

fn join(targets: impl Iterator<Item = (String, String)>) -> (String, String) {
    targets.fold(Default::default(), |(a, b), (c, d)| (a + &c, b + &d))
}

#[test]
fn twenty_targets_are_served_at_the_same_time() {
    // no request is answered before all are there
    let barrier = Arc::new(Barrier::new(20));
    let server = Server::tcp(move |mut tcp, _| {
        read_request(&mut tcp);
        barrier.wait();
        let _ = tcp.write_all(&answer("200 OK", "", "{}"));
    });
    let port = server.address.port();
    let (public, private) = join((0..20).map(|n| gotify(&format!("target-{n:02}"), port)));
    let delivery = Site::new(&public, &private).send("t", "t");
    let names: Vec<_> = words(&delivery)
        .into_iter()
        .map(|(name, _, word)| (name, word))
        .collect();
    let wanted: Vec<_> = (0..20)
        .map(|n| (format!("target-{n:02}"), "sent"))
        .collect();
    assert_eq!(names, wanted, "in the order of the matcher");
}

#[test]
fn targets_with_the_same_server_look_its_name_up_once() {
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    let (server, _) = web(OK);
    let port = server.address.port();
    let (public, private) = join((0..20).map(|n| gotify(&format!("target-{n:02}"), port)));
    let mut site = Site::new(&public, &private);
    site.host = site.host.with_lookup(|_, port| {
        ASKED.fetch_add(1, Ordering::SeqCst);
        Ok(vec![([127, 0, 0, 1], port).into()])
    });
    for deliveries in 1..=2 {
        let all = words(&site.send("t", "t"));
        assert!(all.iter().all(|(_, _, word)| *word == "sent"), "{all:?}");
        assert_eq!(ASKED.load(Ordering::SeqCst), deliveries, "once for each");
    }
}

#[test]
fn one_targets_failure_touches_no_other() {
    let (good, _) = web(OK);
    let silent = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let budget = Duration::from_secs(2);
    let (mut public, private) = join(
        [
            gotify("silent", silent.address.port()),
            gotify("good", good.address.port()),
        ]
        .into_iter(),
    );
    public.push_str("sendmail: local\n\tmailto root\n\nsendmail: gone\n\tmailto -bd\n\n");
    public.push_str("gotify: keyless\n\tserver http://localhost:1\n\n");
    let site = Site::new(&public, &private).within(budget);
    site.sendmail(":");
    let begin = Instant::now();
    let delivery = site.send("t", "t");
    assert!(begin.elapsed() < budget + Duration::from_millis(500));
    let all: Vec<_> = words(&delivery)
        .into_iter()
        .map(|(name, _, word)| (name, word))
        .collect();
    let wanted = [
        ("silent", "unknown"),
        ("good", "sent"),
        ("local", "sent"),
        ("gone", "refused"),
        ("keyless", "refused"),
    ];
    assert_eq!(all, wanted.map(|(name, word)| (name.to_owned(), word)));
    let errors = logged(&delivery, Level::Err);
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[2].ends_with("`keyless`: endpoint 'keyless' does not exist"));
}

fn smtp(name: &str, port: u16) -> (String, String) {
    let settings = "\tmode insecure\n\tfrom-address pve@example.org\n\tmailto ann@example.org\n";
    (
        format!("smtp: {name}\n\tserver localhost\n\tport {port}\n{settings}\n"),
        format!("smtp: {name}\n\n"),
    )
}

#[test]
fn silent_servers_use_up_no_turn() {
    let (good, _) = web(OK);
    let silent = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let port = silent.address.port();
    let stuck = (0..64).map(|n| smtp(&format!("stuck-{n:02}"), port));
    let (public, private) = join(stuck.chain([gotify("good", good.address.port())]));
    let budget = Duration::from_secs(4);
    let site = Site::new(&public, &private).within(budget);
    let begin = Instant::now();
    let delivery = site.send("t", "t");
    assert!(begin.elapsed() < budget + Duration::from_millis(500));
    let (last, others) = delivery.targets.split_last().unwrap();
    assert_eq!((last.target.as_str(), last.attempts), ("good", 1));
    assert_eq!(last.recipients[0].outcome.as_str(), "sent", "{last:?}");
    for target in others {
        // the rest of so short a budget may not do for a second
        assert!((1..=2).contains(&target.attempts), "{target:?}");
        // a busy machine may need all of it for an earlier step
        let reason = target.recipients[0].outcome.reason().unwrap();
        assert!(reason.contains("timeout while "), "{reason}");
    }
}

#[test]
fn the_real_budgets_hold_against_a_silent_server() {
    if std::env::var_os("SOAK").is_none() {
        return;
    }
    let silent = Server::tcp(|mut tcp, _| {
        // longer than a peer of a test usually stays
        tcp.set_read_timeout(None).unwrap();
        hold(&mut tcp);
    });
    let (public, private) = smtp("relay", silent.address.port());
    let timed = |budget: Duration, call: &dyn Fn(&Site)| {
        let site = Site::new(&public, &private).within(budget);
        let begin = Instant::now();
        call(&site);
        let took = begin.elapsed();
        assert!(took < budget + Duration::from_millis(500), "{took:?}");
        assert!(took > budget - Duration::from_millis(500), "{took:?}");
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            timed(CALL_BUDGET, &|site| {
                let error = site.test("relay").unwrap_err().to_string();
                assert!(error.contains("timeout while waiting"), "{error}");
            });
        });
        timed(BACKGROUND_BUDGET, &|site| {
            let delivery = site.send("t", "t");
            assert_eq!(words(&delivery)[0].2, "unsent");
            assert_eq!(delivery.targets[0].attempts, 2);
        });
    });
    assert_eq!(silent.count(), 4);
}

#[test]
fn a_target_whose_turn_never_came_is_called_untried() {
    let (good, _) = web(OK);
    let port = good.address.port();
    let (public, private) = join([gotify("phone", port), smtp("relay", port)].into_iter());
    let site = Site::new(&public, &private).within(Duration::ZERO);
    for target in site.send("t", "t").targets {
        assert_eq!(target.attempts, 0);
        let outcome = &target.recipients[0].outcome;
        assert_eq!(outcome.as_str(), "unsent");
        let reason = outcome.reason().unwrap();
        assert!(reason.starts_with("not attempted: "), "{reason}");
    }
    assert_eq!(good.count(), 0);
}

#[test]
fn a_disabled_target_is_skipped_with_a_word_and_can_be_tested() {
    let (server, seen) = web(OK);
    let (public, private) = gotify("phone", server.address.port());
    let public = public.replace("\n\n", "\n\tdisable true\n");
    let site = Site::new(&public, &private);
    let delivery = site.send("t", "t");
    assert!(delivery.targets.is_empty());
    assert_eq!(
        logged(&delivery, Level::Info),
        ["skipping target 'phone', it is disabled"]
    );
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(words(&site.test("phone").unwrap())[0].2, "sent");
    let request = seen.lock().unwrap().pop().unwrap();
    assert!(
        request.contains("phone"),
        "the template has the target's name: {request}"
    );
    assert!(request.contains("\"priority\":1"), "{request}");
}

#[test]
fn a_disabled_target_that_cannot_be_used_is_skipped_too() {
    let public = "gotify: keyless\n\tserver http://localhost:1\n\tdisable yes\n";
    let delivery = Site::new(public, "").send("t", "t");
    assert!(delivery.targets.is_empty());
    let skipped = ["skipping target 'keyless', it is disabled"];
    assert_eq!(logged(&delivery, Level::Info), skipped);
    assert!(logged(&delivery, Level::Err).is_empty());
}

#[test]
fn a_target_that_is_none_cannot_be_tested() {
    let site = Site::new("gotify: keyless\n\tserver http://localhost:1\n", "");
    for name in ["keyless", "nothing", "all"] {
        let error = site.test(name).unwrap_err();
        assert_eq!(error.code(), 404);
        assert_eq!(
            error.to_string(),
            format!("endpoint '{name}' does not exist")
        );
    }
}

#[test]
fn a_template_that_cannot_be_rendered_is_told_at_every_target() {
    let (server, seen) = web(OK);
    let (public, private) = gotify("phone", server.address.port());
    let site = Site::new(&public, &private);
    let mut notification = plain(Severity::Info, "t", "t");
    notification.template = "missing".to_owned();
    let delivery = site.deliver(&notification);
    let reason = delivery.targets[0].recipients[0].outcome.reason().unwrap();
    assert!(
        reason.starts_with("failed to render notification template"),
        "{reason}"
    );
    assert_eq!(logged(&delivery, Level::Err).len(), 1);
    let warnings = logged(&delivery, Level::Warning);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("missing-subject.txt.hbs: the file does not exist"),
        "{warnings:?}"
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn a_matcher_that_fails_is_told_and_the_others_count() {
    let (server, _) = web(OK);
    let (mut public, private) = gotify("phone", server.address.port());
    public.push_str("matcher:huge\n\tmatch-field regex:type=(\\w{100}){100}\n\ttarget phone\n\n");
    let delivery = Site::new(&public, &private).send("t", "t");
    assert_eq!(words(&delivery)[0].2, "sent");
    let errors = logged(&delivery, Level::Err);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("huge"), "{errors:?}");
}

#[test]
fn nothing_matches_and_nothing_happens() {
    let site = Site::new("", "");
    let delivery = site.send("t", "t");
    assert!(delivery.targets.is_empty() && delivery.log.is_empty());
}

#[test]
fn the_answer_to_perl_is_plain_data() {
    let (server, _) = web("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n");
    let (public, private) = gotify("phone", server.address.port());
    let value = serde_json::to_value(Site::new(&public, &private).send("t", "t")).unwrap();
    let target = &value["targets"][0];
    assert_eq!(target["target"], "phone");
    assert_eq!(target["attempts"], 1);
    assert_eq!(target["recipients"][0]["outcome"], "refused");
    assert!(target["recipients"][0]["reason"].is_string());
    assert_eq!(value["log"][0]["level"], "err");
}
