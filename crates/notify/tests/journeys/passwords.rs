//! Targets with a password at a provider that ends such logins: the list and the daily run say so, mails go out
//! without a word of it.

use super::*;

#[test]
fn the_daily_run_and_the_list_name_them_with_the_dates() {
    let machine = Machine::new();
    let service = machine.read();
    let settings = |server: &str| SmtpSettings {
        server: Some(server.to_owned()),
        username: Some("pve@example.org".to_owned()),
        password: Some(Secret::new(CANARY)),
        mailto: Some(vec!["ann@example.org".to_owned()]),
        from_address: Some("pve@example.org".to_owned()),
        ..SmtpSettings::default()
    };
    for (name, server) in [
        ("office", "smtp.office365.com"),
        ("gmail", "smtp.gmail.com"),
        ("relay", "relay.example.org"),
    ] {
        service.add_smtp(name, settings(server), None).unwrap();
    }
    let off = SmtpSettings {
        disable: Some(true),
        ..settings("smtp.office365.com")
    };
    service.add_smtp("unused", off, None).unwrap();
    machine.write(&service);
    let service = machine.read();
    let log = service.refresh().log;
    let lines: Vec<&str> = log.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for (name, word) in [("'office'", "December 2026"), ("'gmail'", "app passwords")] {
        let named = lines
            .iter()
            .any(|line| line.contains(name) && line.contains(word));
        assert!(named, "{name}: {lines:?}");
    }
    let config = service.config();
    let warned = |name: &str| {
        let target = config
            .targets()
            .into_iter()
            .find(|target| target.name == name);
        target.unwrap().warning.is_some()
    };
    assert!(warned("office") && warned("unused") && !warned("relay"));
}
