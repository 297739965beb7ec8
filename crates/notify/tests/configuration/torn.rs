//! F-58: a write that was cut short is noticed where a target logs in with OAuth2, and no secret meets
//! the host of other settings.

use notify::Secret;
use notify::config::{Entity, GotifySettings, Kind, Smtp, SmtpSettings, Webhook, WebhookSettings};

use super::*;

/// The files on disk, in the order in which they are written.
#[derive(Clone, Default, PartialEq, Debug)]
struct Disk([String; 4]);

impl Disk {
    /// Before the last step of a write, which may remove the first file.
    fn of(config: &mut Config) -> Self {
        let Written {
            private_ext,
            ext,
            public,
            private,
            needs_ext: _,
        } = config.write().unwrap();
        Self([private_ext, ext, public, private])
    }

    /// After it.
    fn complete(config: &mut Config) -> Self {
        let needs_ext = config.write().unwrap().needs_ext;
        let Self([private_ext, ext, public, private]) = Self::of(config);
        assert!(needs_ext || ext.is_empty());
        let private_ext = Some(private_ext).filter(|_| needs_ext).unwrap_or_default();
        Self([private_ext, ext, public, private])
    }

    /// With a target that logs in with OAuth2.
    fn with_oauth2() -> Self {
        let mut config = parse("", "");
        config.add("anchor", smtp("x")).unwrap();
        Self::complete(&mut config)
    }

    fn read(&self) -> Config {
        let Self([private_ext, ext, public, private]) = self;
        parse_all(public, private, ext, private_ext)
    }

    /// What is there if the writer dies before file number `done`.
    fn cut(&self, new: &Self, done: usize) -> Self {
        let mut disk = self.clone();
        disk.0[..done].clone_from_slice(&new.0[..done]);
        disk
    }
}

fn smtp(tag: &str) -> SmtpSettings {
    SmtpSettings {
        server: text(&format!("{tag}.example.org")),
        auth_method: text("google-oauth2"),
        oauth2_client_id: text(&format!("id-{tag}")),
        oauth2_client_secret: Some(Secret::new(format!("secret-{tag}"))),
        ..relay(&format!("password-{tag}"))
    }
}

fn gotify(tag: &str) -> GotifySettings {
    GotifySettings {
        server: text(&format!("https://{tag}.example.org")),
        token: Some(Secret::new(format!("token-{tag}"))),
        ..GotifySettings::default()
    }
}

fn webhook(tag: &str) -> WebhookSettings {
    WebhookSettings {
        url: text(&format!("https://{tag}.example.org")),
        secret: Some(vec![
            "name=s,value=YQ=="
                .parse()
                .map(|mut pair: notify::config::Pair| {
                    pair.value = Some(Secret::new(if tag == "a" { "YQ==" } else { "Yg==" }));
                    pair
                })
                .unwrap(),
        ]),
        ..WebhookSettings::default()
    }
}

/// The tags of the host and of every secret of an endpoint that can be sent to.
fn tags(config: &Config, name: &str) -> Vec<String> {
    let last = |text: &str| text.rsplit('-').next().unwrap_or_default().to_owned();
    match config.endpoint(name) {
        Err(_) => Vec::new(),
        Ok(Entity::Smtp(smtp)) => {
            let Smtp {
                server,
                oauth2_client_id,
                password,
                ..
            } = smtp;
            let mut tags = vec![server.split('.').next().unwrap().to_owned()];
            tags.extend(oauth2_client_id.as_deref().map(last));
            tags.extend(password.iter().map(|secret| last(secret.expose())));
            tags.extend(smtp.client_secret().map(|secret| last(secret.expose())));
            tags
        }
        Ok(Entity::Gotify(gotify)) => {
            let host = gotify.server.trim_start_matches("https://");
            vec![
                host.split('.').next().unwrap().to_owned(),
                last(gotify.token.as_ref().unwrap().expose()),
            ]
        }
        Ok(Entity::Webhook(Webhook { url, secret, .. })) => {
            let host = url.trim_start_matches("https://");
            let mut tags = vec![host.split('.').next().unwrap().to_owned()];
            tags.extend(secret.iter().map(|pair| {
                let value = pair.value.as_ref().unwrap().expose();
                if value == "YQ==" { "a" } else { "b" }.to_owned()
            }));
            tags
        }
        Ok(_) => panic!("another kind"),
    }
}

fn assert_not_mixed(disk: &Disk, name: &str) {
    let tags = tags(&disk.read(), name);
    assert!(
        tags.windows(2).all(|pair| pair[0] == pair[1]),
        "{tags:?} in {disk:#?}"
    );
}

/// Cuts the way from one disk to the next after every file, and goes on from there.
fn walk(name: &str, before: &Disk, change: impl Fn(&mut Config)) -> Disk {
    let mut config = before.read();
    change(&mut config);
    let after = Disk::of(&mut config);
    for done in 0..=4 {
        let mut disk = before.cut(&after, done);
        assert_not_mixed(&disk, name);
        // any other change neither hides it nor mends it
        for round in 0..3 {
            let mut config = disk.read();
            let comment = SmtpSettings {
                comment: text(&format!("{round}")),
                ..SmtpSettings::default()
            };
            if round == 0 {
                config.add("bystander", relay("pw-x")).unwrap();
            } else {
                config.update("bystander", comment, &[], None).unwrap();
            }
            let next = Disk::of(&mut config);
            for again in 0..=4 {
                assert_not_mixed(&disk.cut(&next, again), name);
            }
            disk = next;
        }
    }
    after
}

#[test]
fn f_58_no_secret_meets_another_host_wherever_a_write_is_cut() {
    let none = Disk::with_oauth2();
    for kind in [Kind::Smtp, Kind::Gotify, Kind::Webhook] {
        let add = |config: &mut Config, tag: &str| match kind {
            Kind::Smtp => config.add("one", smtp(tag)).unwrap(),
            Kind::Gotify => config.add("one", gotify(tag)).unwrap(),
            _ => config.add("one", webhook(tag)).unwrap(),
        };
        let update = |config: &mut Config, tag: &str| match kind {
            Kind::Smtp => config.update("one", smtp(tag), &[], None).unwrap(),
            Kind::Gotify => config.update("one", gotify(tag), &[], None).unwrap(),
            _ => config.update("one", webhook(tag), &[], None).unwrap(),
        };
        let a = walk("one", &none, |config| add(config, "a"));
        let b = walk("one", &a, |config| update(config, "b"));
        assert_eq!(tags(&b.read(), "one")[0], "b");
        // deleted and made anew in one go
        walk("one", &a, |config| {
            config.delete(kind, "one").unwrap();
            add(config, "b");
        });
        // one object that writes twice
        let mut config = a.read();
        update(&mut config, "b");
        let second = Disk::of(&mut config);
        update(&mut config, "c");
        if kind != Kind::Webhook {
            let third = Disk::of(&mut config);
            for done in 0..=4 {
                assert_not_mixed(&second.cut(&third, done), "one");
            }
        }
        // deleted, cut short, made anew
        let mut config = a.read();
        config.delete(kind, "one").unwrap();
        let gone = Disk::of(&mut config);
        for done in 0..=4 {
            let rest = a.cut(&gone, done);
            assert_not_mixed(&rest, "one");
            if rest.read().get(kind, "one").is_err() {
                walk("one", &rest, |config| add(config, "b"));
            }
        }
    }
}

fn torn() -> Disk {
    let mut config = Disk::with_oauth2().read();
    config.add("one", gotify("a")).unwrap();
    let a = Disk::of(&mut config);
    let mut config = a.read();
    config.update("one", gotify("b"), &[], None).unwrap();
    a.cut(&Disk::of(&mut config), 3)
}

#[test]
fn f_58_a_torn_endpoint_is_listed_told_and_mended_by_new_secrets() {
    let disk = torn();
    let mut config = disk.read();
    assert_eq!(config.targets().len(), 3);
    let (code, message) = refused(config.endpoint("one"));
    assert_eq!(code, 400);
    assert!(
        message.starts_with("endpoint 'one' was only partly written"),
        "{message}"
    );
    assert_eq!(config.faults().len(), 1);
    assert_eq!(config.faults()[0].name, "one");
    let comment = GotifySettings {
        comment: text("x"),
        ..GotifySettings::default()
    };
    assert_eq!(refused(config.update("one", comment, &[], None)).0, 400);
    let token = GotifySettings {
        token: Some(Secret::new("token-b")),
        ..GotifySettings::default()
    };
    config.update("one", token, &[], None).unwrap();
    let (_, config) = again(&mut config);
    assert_eq!(tags(&config, "one"), ["b", "b"]);
    assert!(config.faults().is_empty());
}

#[test]
fn f_58_a_torn_endpoint_can_be_deleted() {
    let mut config = torn().read();
    config.delete(Kind::Gotify, "one").unwrap();
    let (written, config) = again(&mut config);
    assert!(!written.private.contains("one"));
    assert!(config.faults().is_empty());
}

#[test]
fn f_58_the_rest_of_a_deletion_goes_with_the_next_write() {
    let mut config = Disk::with_oauth2().read();
    config.add("one", gotify("a")).unwrap();
    let a = Disk::of(&mut config);
    let mut config = a.read();
    config.delete(Kind::Gotify, "one").unwrap();
    let rest = a.cut(&Disk::of(&mut config), 3);
    assert!(rest.0[3].contains("token-a"));
    assert!(!Disk::of(&mut rest.read()).0[3].contains("token-a"));
}

#[test]
fn f_58_changes_by_hand_or_by_proxmox_ve_are_nobodys_fault() {
    let mut config = Disk::with_oauth2().read();
    config.add("one", gotify("a")).unwrap();
    let a = Disk::of(&mut config);
    let mut config = a.read();
    config.update("one", gotify("b"), &[], None).unwrap();
    let b = Disk::of(&mut config);
    assert!(b.0[0].contains("binding: one"), "a record of this write");
    for (file, from, to) in [
        (2, "b.example.org", "moved.example.org"),
        (3, "token-b", "token-new"),
        (2, "\tserver", "\tcomment x\n\tserver"),
    ] {
        let mut disk = b.clone();
        disk.0[file] = disk.0[file].replace(from, to);
        assert_ne!(disk, b);
        let config = disk.read();
        assert!(config.endpoint("one").is_ok());
        assert!(config.faults().is_empty());
    }
}

#[test]
fn f_58_a_record_goes_with_the_next_write_and_tells_nothing() {
    let before = Disk::with_oauth2();
    let mut config = before.read();
    config.add("one", gotify("a")).unwrap();
    let mut config = Disk::of(&mut config).read();
    config.update("one", gotify("b"), &[], None).unwrap();
    let disk = Disk::of(&mut config);
    assert_eq!(Disk::of(&mut config), disk, "writing again changes nothing");
    assert!(disk.0[0].contains("binding: one"));
    assert!(!disk.0[0].contains("token") && !disk.0[0].contains("example.org"));
    assert_eq!(
        Disk::of(&mut disk.read()).0[0],
        "smtp: anchor\n\toauth2-client-secret secret-x\n"
    );
}

/// A mail server without OAuth2.
fn plain(tag: &str) -> SmtpSettings {
    SmtpSettings {
        server: text(&format!("{tag}.example.org")),
        ..relay(&format!("password-{tag}"))
    }
}

#[test]
fn f_58_where_nothing_is_ours_a_write_leaves_nothing_of_ours() {
    let mut config = parse("", "");
    config.add("one", plain("a")).unwrap();
    config.add("two", gotify("a")).unwrap();
    config.add("three", webhook("a")).unwrap();
    let mut disk = Disk::complete(&mut config);
    for tag in ["b", "c"] {
        let mut config = disk.read();
        config.update("one", plain(tag), &[], None).unwrap();
        config.update("two", gotify(tag), &[], None).unwrap();
        config.update("three", webhook(tag), &[], None).unwrap();
        let writing = Disk::of(&mut config);
        for name in ["one", "two"] {
            for done in 0..=4 {
                assert_not_mixed(&disk.cut(&writing, done), name);
            }
        }
        disk = Disk::complete(&mut config);
        assert_eq!(disk.0[..2], ["", ""], "{disk:#?}");
    }
    let mut config = disk.read();
    config.delete(Kind::Smtp, "one").unwrap();
    assert_eq!(Disk::complete(&mut config).0[..2], ["", ""]);
}

#[test]
fn f_58_what_an_earlier_version_has_left_of_ours_goes_with_the_next_write() {
    let mut config = Disk::with_oauth2().read();
    config.add("one", gotify("a")).unwrap();
    let mut config = Disk::of(&mut config).read();
    config.update("one", gotify("b"), &[], None).unwrap();
    let mut disk = Disk::of(&mut config);
    let (_, record) = disk.0[0].split_once("binding:").unwrap();
    disk.0[0] = format!("binding:{record}");
    disk.0[1].clear();
    assert_eq!(Disk::complete(&mut disk.read()).0[..2], ["", ""]);
}

/// All ways in which the last OAuth2 target goes, together with a change of its host.
#[test]
fn f_58_the_last_oauth2_target_takes_the_files_of_ours_along_when_all_is_written() {
    let mut config = parse("", "");
    config.add("one", smtp("a")).unwrap();
    let before = Disk::complete(&mut config);
    let deleted = |config: &mut Config| config.delete(Kind::Smtp, "one").unwrap();
    let made_plain = |config: &mut Config| {
        let keys = ["auth-method", "oauth2-client-id", "oauth2-client-secret"];
        let keys = keys.map(str::to_owned);
        config.update("one", plain("b"), &keys, None).unwrap();
    };
    let made_anew = |config: &mut Config| {
        config.delete(Kind::Smtp, "one").unwrap();
        config.add("one", plain("b")).unwrap();
    };
    let changes: [&dyn Fn(&mut Config); 3] = [&deleted, &made_plain, &made_anew];
    for change in changes {
        // each cut is as safe as with other OAuth2 targets
        walk("one", &before, change);
        let mut config = before.read();
        change(&mut config);
        let after = Disk::complete(&mut config);
        assert_eq!(after.0[..2], ["", ""]);
        assert!(after.read().faults().is_empty());
        assert_eq!(Disk::complete(&mut config), after, "writing again");
        // one object that goes on
        if config.get(Kind::Smtp, "one").is_ok() {
            config.update("one", plain("c"), &[], None).unwrap();
        } else {
            config.add("one", plain("c")).unwrap();
        }
        let third = Disk::of(&mut config);
        for done in 0..=4 {
            assert_not_mixed(&after.cut(&third, done), "one");
        }
        assert_eq!(Disk::complete(&mut config).0[..2], ["", ""]);
    }
}

#[test]
fn f_58_a_record_that_is_needed_stays_without_oauth2_until_all_is_mended() {
    let mut config = parse("", "");
    config.add("one", smtp("a")).unwrap();
    let before = Disk::complete(&mut config);
    let mut config = before.read();
    let keys = ["auth-method", "oauth2-client-id", "oauth2-client-secret"];
    let keys = keys.map(str::to_owned);
    config.update("one", plain("b"), &keys, None).unwrap();
    let torn = before.cut(&Disk::of(&mut config), 3);
    assert!(torn.read().is_torn());
    // a change of another entry
    let mut config = torn.read();
    config.add("other", gotify("a")).unwrap();
    let still = Disk::complete(&mut config);
    assert!(still.read().is_torn());
    // mended, which may be cut short as well
    let mut config = still.read();
    config.update("one", plain("c"), &[], None).unwrap();
    let mended = Disk::of(&mut config);
    for done in 0..=4 {
        assert_not_mixed(&still.cut(&mended, done), "one");
    }
    let mended = Disk::complete(&mut config);
    assert_eq!(mended.0[..2], ["", ""]);
    assert_eq!(tags(&mended.read(), "one"), ["c", "c"]);
}

#[test]
fn f_58_a_broken_record_is_told() {
    for record in [
        "binding: one\n\tkey 00\n\tstate a,b\n",
        "binding: one\n\tstate ,,,\n",
    ] {
        let config = parse_all("", "", "", record);
        assert_eq!(config.faults().len(), 1, "{record}");
    }
}
