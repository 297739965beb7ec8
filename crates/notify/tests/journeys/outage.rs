//! A provider that is away for a while, in real time: whoever asks once it is back gets the mail through.

use std::thread;
use std::time::Duration;

use notify::service::Service;

use crate::peer::json;
use crate::{Machine, told};

/// A machine whose provider has just failed a notification, and is back.
fn after_an_outage() -> (Machine, Service) {
    let machine = Machine::new();
    machine.set_up();
    let service = machine.read();
    machine.provider.order(json("503 Busy", ""));
    let mail = |word| vec![("mail".to_owned(), word), ("phone".to_owned(), "sent")];
    assert_eq!(told(&service), mail("unsent"));
    assert_eq!(machine.provider.asked(), 1, "one try, not two");
    (machine, service)
}

#[test]
fn a_test_gets_through_at_once() {
    let (machine, service) = after_an_outage();
    service.test_target("mail").unwrap();
    assert_eq!(machine.provider.asked(), 2);
}

#[test]
fn the_daily_run_gets_through() {
    let (machine, service) = after_an_outage();
    thread::sleep(Duration::from_secs(5));
    let run = service.refresh();
    assert!(run.targets[0].refreshed, "{:?}", run.targets);
    assert_eq!(machine.provider.asked(), 2);
}

#[test]
fn a_notification_gets_through_a_minute_later() {
    let (machine, service) = after_an_outage();
    thread::sleep(Duration::from_secs(60));
    let sent = |name: &str| (name.to_owned(), "sent");
    assert_eq!(told(&service), [sent("mail"), sent("phone")]);
    assert_eq!(machine.provider.asked(), 2);
}
