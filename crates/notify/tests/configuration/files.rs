//! The syntax of the files.

use notify::config::{GotifySettings, Kind, MatcherSettings, SendmailSettings};

use super::*;

#[test]
fn faulty_entries_keep_their_bytes_while_others_change() {
    let bytes = "pager: beeper  \n   number\t5   5\n\todd   spacing  ";
    let text =
        format!("{bytes}\n\nmatcher: m1\n\tmode odd\n\nsendmail: s1\n\tmailto ann@example.org\n");
    let mut config = parse(&text, "pager: beeper\n  pin   1234\n");
    let summary: Vec<_> = config.faults().iter().map(ToString::to_string).collect();
    assert_eq!(
        summary,
        [
            "notifications.cfg line 1, pager 'beeper': unknown section type 'pager'; fix it in the file",
            "notifications.cfg line 6, matcher 'm1': mode: unknown mode 'odd'",
            "priv/notifications.cfg line 1: unknown section type; fix it in the file",
        ]
    );
    config.add("new", MatcherSettings::default()).unwrap();
    let written = config.write().unwrap();
    assert!(written.public.starts_with(&format!(
        "{bytes}\n\nmatcher: m1\n\tmode odd\n\nsendmail: s1\n"
    )));
    assert_eq!(written.private, "pager: beeper\n  pin   1234\n");
}

#[test]
fn a_section_of_another_type_keeps_its_bytes_beside_an_entry_of_its_name() {
    let private = "gotify: phone\n\ttoken first\n\npager: phone\n\tpin 1234\n";
    let mut config = parse("gotify: phone\n\tserver https://g.example.org\n", private);
    assert_eq!(config.write().unwrap().private, private);
}

#[test]
fn what_another_type_has_under_a_name_outlives_changes_to_an_entry_of_that_name() {
    let private = "pager: zz\n\tpin 1234\n";
    let mail = || SendmailSettings {
        mailto: texts(&["ann@example.org"]),
        ..SendmailSettings::default()
    };
    let mut config = parse("", private);
    config.add("zz", mail()).unwrap();
    let (written, mut config) = again_with_faults(&mut config);
    assert_eq!(written.private, private);
    config.delete(Kind::Sendmail, "zz").unwrap();
    assert_eq!(config.write().unwrap().private, private);

    let faulty = "smtp: x1\n\tserver example.org\n";
    let good = "sendmail: x1\n\tmailto ann@example.org\n";
    let mut config = parse(&format!("{faulty}\n{good}"), "smtp: x1\n\tpassword pw\n");
    config.delete(Kind::Sendmail, "x1").unwrap();
    let (written, mut config) = again_with_faults(&mut config);
    assert!(written.public.contains(faulty) && !written.public.contains(good));
    assert_eq!(written.private, "smtp: x1\n\tpassword pw\n");
    assert_eq!(config.faults().len(), 1);
    config.delete(Kind::Smtp, "x1").unwrap();
    assert!(config.faults().is_empty());
    let (written, _) = again(&mut config);
    assert_eq!(written.private, "");

    // and the other way round
    let mut config = parse(&format!("{faulty}\n{good}"), "");
    config.delete(Kind::Smtp, "x1").unwrap();
    let (written, config) = again(&mut config);
    assert!(!written.public.contains(faulty) && written.public.contains(good));
    assert!(config.faults().is_empty() && config.endpoint("x1").is_ok());
}

#[test]
fn a_faulty_second_section_keeps_its_bytes_until_the_secret_is_set_again() {
    let private = "gotify: phone\n\ttoken first\n\ngotify: phone\n\ttoken second\n\tpin 1234\n";
    let mut config = parse("gotify: phone\n\tserver https://g.example.org\n", private);
    assert!(config.endpoint("phone").is_err(), "which token is meant?");
    let comment = GotifySettings {
        comment: text("words"),
        ..GotifySettings::default()
    };
    config.update("phone", comment, &[], None).unwrap();
    assert_eq!(config.write().unwrap().private, private);
    assert!(config.endpoint("phone").is_err());
    let token = GotifySettings {
        token: Some(notify::Secret::new("third")),
        ..GotifySettings::default()
    };
    config.update("phone", token, &[], None).unwrap();
    let private = "gotify: phone\n\ttoken third\n";
    assert_eq!(config.write().unwrap().private, private);
    assert!(config.endpoint("phone").is_ok());
}

#[test]
fn defect_6_an_unusable_directive_disables_that_matcher_only() {
    let config = parse(
        "matcher: bad\n\tmatch-severity nope\n\tinvert-match 1\n\ttarget mail-to-root\n\nmatcher: good\n\ttarget mail-to-root\n",
        "",
    );
    let names: Vec<_> = config
        .matchers()
        .map(|matcher| matcher.name.as_str())
        .collect();
    assert_eq!(names, ["good", "default-matcher"]);
    assert_eq!(json(config.faults())[0]["line"], 2);
}

#[test]
fn a_faulty_entry_is_told_and_can_be_deleted() {
    let mut config = parse(
        "smtp: bad\n\tserver example.org\n",
        "smtp: bad\n\tpassword pw\n",
    );
    let told = (
        400,
        "notifications.cfg line 1, smtp 'bad': property 'from-address' is missing and it is not optional; \
         fix it in the file, or delete the entry and create it again"
            .to_owned(),
    );
    assert_eq!(refused(config.get(Kind::Smtp, "bad")), told);
    assert_eq!(refused(config.endpoint("bad")), told);
    assert_eq!(refused(config.update("bad", relay("x"), &[], None)), told);
    assert_eq!(refused(config.delete(Kind::Gotify, "bad")).0, 404);
    assert!(
        config.write().unwrap().private.contains("pw"),
        "its secret stays"
    );
    config.delete(Kind::Smtp, "bad").unwrap();
    assert!(config.faults().is_empty());
    let (written, mut config) = again(&mut config);
    assert_eq!(written.private, "");
    config.add("bad", relay("new")).unwrap();
    again(&mut config);
}

#[test]
fn an_entry_of_unknown_type_says_that_only_its_file_helps() {
    let mut config = parse("pager: beeper\n\tnumber 5\n", "");
    assert_eq!(
        refused(config.endpoint("beeper")),
        (
            400,
            "notifications.cfg line 1, pager 'beeper': unknown section type 'pager'; fix it in the \
             file"
                .to_owned()
        )
    );
    for kind in [Kind::Gotify, Kind::Sendmail, Kind::Smtp, Kind::Webhook] {
        assert_eq!(refused(config.delete(kind, "beeper")).0, 404);
    }
}

#[test]
fn keys_are_sorted_indented_by_a_tab_and_sections_separated_by_one_empty_line() {
    let mut config = parse(
        "\n\nsendmail: s1\n  mailto b@example.org\n  author x\n  mailto a@example.org\n\n\n\nmatcher: m1\n",
        "",
    );
    let (written, _) = again(&mut config);
    assert!(written.public.starts_with(
        "sendmail: s1\n\tauthor x\n\tmailto b@example.org\n\tmailto a@example.org\n\nmatcher: m1\n\nsendmail: mail-to-root\n"
    ));
}

#[test]
fn entries_keep_their_order_and_new_ones_come_last() {
    let mut config = parse(
        "matcher: m9\n\nsendmail: s1\n\tmailto ann@example.org\n\nmatcher: m1\n",
        "",
    );
    config.add("m0", MatcherSettings::default()).unwrap();
    let comment = MatcherSettings {
        comment: text("c"),
        ..MatcherSettings::default()
    };
    config.update("m9", comment, &[], None).unwrap();
    let (written, _) = again(&mut config);
    let headers: Vec<_> = written
        .public
        .lines()
        .filter(|line| line.contains(": "))
        .collect();
    assert_eq!(
        headers,
        [
            "matcher: m9",
            "sendmail: s1",
            "matcher: m1",
            "sendmail: mail-to-root",
            "matcher: default-matcher",
            "matcher: m0"
        ]
    );
}

#[test]
fn secrets_stand_in_private_files_only() {
    let mut config = parse("", "");
    let mut settings = relay("canary-1");
    settings.oauth2_client_secret = Some(notify::Secret::new("canary-2"));
    config.add("s1", settings).unwrap();
    let (written, config) = again(&mut config);
    assert!(!format!("{}{}", written.public, written.ext).contains("canary"));
    assert!(written.private.contains("canary-1") && written.private_ext.contains("canary-2"));
    assert!(
        !json(config.get(Kind::Smtp, "s1").unwrap())
            .to_string()
            .contains("canary")
    );
    assert!(!format!("{config:?}").contains("canary"));
}

#[test]
fn a_large_configuration_is_read_in_one_go() {
    // quadratic steps would take minutes here
    let mut text = String::new();
    for i in 0..20_000 {
        text += &format!("sendmail: s{i}\n\tmailto ann@example.org\n\n");
        text += &format!("matcher: m{i}\n\ttarget s{i}\n\n");
    }
    let mut config = parse(&text, "");
    assert_eq!(config.targets().len(), 20_001);
    assert!(config.write().unwrap().public.starts_with("sendmail: s0\n"));
}

#[test]
fn a_secret_gone_astray_is_not_quoted() {
    let config = parse(
        "gotify: g1\n\tserver x\n",
        "gotify: g1\n\tcanary two\n\ntoken: canary\n\ncanary: x\n",
    );
    let faults = json(config.faults()).to_string();
    assert_eq!(config.faults().len(), 3);
    assert!(!faults.contains("canary"), "{faults}");
    assert!(!format!("{config:?}").contains("canary"));
}

/// xorshift64*: the same inputs at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33).unwrap() % sides
    }
}

#[test]
fn odd_files_neither_panic_nor_change_when_written_twice() {
    const PARTS: [&str; 28] = [
        "sendmail: ",
        "smtp: ",
        "gotify: ",
        "webhook: ",
        "matcher: ",
        "pager: ",
        "binding: ",
        "a1",
        "b1",
        "\n",
        "\n\n",
        "\n\t",
        "mailto ann@example.org",
        "server x",
        "from-address y",
        "token t",
        "key 0",
        "url http://h",
        "method get",
        "secret name=s,value=YQ==",
        "state a,b,c,d",
        "target a1",
        "comment ",
        "ä",
        "\r",
        "password p",
        "auth-method plain",
        "oauth2-client-secret s",
    ];
    let mut dice = Dice(58);
    let mut good = 0;
    for _ in 0..20_000 {
        let file = |dice: &mut Dice| {
            let length = dice.roll(24);
            (0..length)
                .map(|_| PARTS[dice.roll(PARTS.len())])
                .collect::<String>()
        };
        let files = [(); 4].map(|()| format!("smtp: a1\n\t{}", file(&mut dice)));
        let [public, private, ext, private_ext] = &files;
        let raw = notify::config::Raw {
            public,
            private,
            ext,
            private_ext,
        };
        let Ok(mut config) = Config::parse(raw) else {
            continue;
        };
        good += 1;
        let one = config.write().unwrap();
        let mut second = parse_all(&one.public, &one.private, &one.ext, &one.private_ext);
        let two = second.write().unwrap();
        assert_eq!(one.public, two.public, "{files:?}");
        assert_eq!(one.private, two.private, "{files:?}");
        assert_eq!(one.ext, two.ext, "{files:?}");
        assert_eq!(one.private_ext, two.private_ext, "{files:?}");
    }
    assert!(good > 2_000, "{good} files could be read");
}
