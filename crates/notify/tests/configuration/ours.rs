//! The two files of our own: what Proxmox VE 9.2 does not know stays out of its files.

use notify::Secret;
use notify::config::{Kind, SmtpSettings};

use super::*;

const PUBLIC: &str = "smtp: s1\n\tfrom-address a@example.org\n\tmailto ann@example.org\n\tserver example.org\n\tusername a@example.org\n";

fn oauth2() -> SmtpSettings {
    SmtpSettings {
        auth_method: text("microsoft-oauth2"),
        oauth2_client_id: text("client"),
        oauth2_tenant_id: text("example.org"),
        oauth2_cloud: text("us-gov"),
        oauth2_client_secret: Some(Secret::new("canary")),
        ..SmtpSettings::default()
    }
}

#[test]
fn keys_of_ours_are_written_to_files_of_ours() {
    let mut config = parse(PUBLIC, "smtp: s1\n");
    config.update("s1", oauth2(), &[], None).unwrap();
    let (written, config) = again(&mut config);
    assert!(written.public.starts_with(PUBLIC));
    assert_eq!(written.private, "smtp: s1\n");
    assert_eq!(
        written.ext,
        "smtp: s1\n\tauth-method microsoft-oauth2\n\toauth2-client-id client\n\toauth2-cloud us-gov\n\
         \toauth2-tenant-id example.org\n"
    );
    assert!(
        written
            .private_ext
            .starts_with("smtp: s1\n\toauth2-client-secret canary\n")
    );
    let answer = json(config.get(Kind::Smtp, "s1").unwrap());
    assert_eq!(answer["auth-method"], "microsoft-oauth2");
    assert_eq!(answer["oauth2-tenant-id"], "example.org");
    assert!(answer.get("oauth2-client-secret").is_none());
}

#[test]
fn without_keys_of_ours_their_files_are_empty() {
    let mut config = parse(PUBLIC, "smtp: s1\n");
    config.add("s2", relay("pw")).unwrap();
    let (written, _) = again(&mut config);
    assert_eq!(
        (written.ext.as_str(), written.private_ext.as_str()),
        ("", "")
    );
}

#[test]
fn keys_of_ours_in_proxmox_ves_files_stay_there_even_when_changed() {
    let public = format!("{PUBLIC}\tauth-method google-oauth2\n");
    let mut config = parse(&public, "smtp: s1\n\toauth2-client-secret old\n");
    config.update("s1", oauth2(), &[], None).unwrap();
    let written = config.write().unwrap();
    assert!(written.public.contains("\tauth-method microsoft-oauth2\n"));
    assert!(!written.public.contains("client"));
    assert_eq!(written.private, "smtp: s1\n\toauth2-client-secret canary\n");
    assert!(written.ext.contains("\toauth2-client-id client\n"));
    assert!(!written.ext.contains("auth-method"));
    assert!(!written.private_ext.contains("canary"));
}

#[test]
fn an_oauth2_target_that_is_all_in_proxmox_ves_files_has_its_writes_recorded() {
    let public = format!("{PUBLIC}\tauth-method google-oauth2\n\toauth2-client-id client\n");
    let mut config = parse(&public, "smtp: s1\n\toauth2-client-secret old\n");
    let change = SmtpSettings {
        server: text("other.example.org"),
        oauth2_client_secret: Some(Secret::new("canary")),
        ..SmtpSettings::default()
    };
    config.update("s1", change, &[], None).unwrap();
    let written = config.write().unwrap();
    assert_eq!(written.ext, "");
    assert!(written.private_ext.contains("binding: s1\n"));
    assert!(written.private_ext.contains(" old\n"));
    assert!(written.needs_ext);
}

#[test]
fn deleting_an_endpoint_deletes_what_is_ours_of_it() {
    let mut config = parse(PUBLIC, "smtp: s1\n");
    config.update("s1", oauth2(), &[], None).unwrap();
    let (_, mut config) = again(&mut config);
    config.delete(Kind::Smtp, "s1").unwrap();
    let written = config.write().unwrap();
    assert_eq!(written.ext, "");
    assert!(!format!("{}{}", written.private, written.private_ext).contains("smtp"));
}

#[test]
fn deleting_settings_deletes_them_from_the_file() {
    let mut config = parse(PUBLIC, "smtp: s1\n");
    config.update("s1", oauth2(), &[], None).unwrap();
    let (_, mut config) = again(&mut config);
    let keys = [
        "auth-method",
        "oauth2-client-id",
        "oauth2-tenant-id",
        "oauth2-cloud",
        "oauth2-client-secret",
    ];
    config
        .update(
            "s1",
            SmtpSettings::default(),
            &keys.map(str::to_owned),
            None,
        )
        .unwrap();
    let written = config.write().unwrap();
    assert_eq!(written.ext, "");
    assert!(!written.private_ext.contains("canary"));
}

#[test]
fn a_faulty_section_of_ours_blocks_its_endpoint_alone() {
    let ext = "smtp: s1\n\tauth-method NOT A WORD\n";
    let mut config = parse_all(PUBLIC, "smtp: s1\n", ext, "");
    let (code, message) = refused(config.endpoint("s1"));
    assert_eq!(code, 400);
    assert!(
        message.starts_with("notifications-ext.cfg line 2, smtp 's1': auth-method"),
        "{message}"
    );
    assert!(config.endpoint("mail-to-root").is_ok());
    assert_eq!(config.write().unwrap().ext, ext);
    config.delete(Kind::Smtp, "s1").unwrap();
    assert_eq!(config.write().unwrap().ext, "");
}

#[test]
fn a_faulty_private_section_is_replaced_by_a_new_secret_only() {
    let private = "smtp: s1\n\tpassword a\n\tcolour blue\n";
    let mut config = parse(PUBLIC, private);
    let comment = SmtpSettings {
        comment: text("x"),
        ..SmtpSettings::default()
    };
    config.update("s1", comment, &[], None).unwrap();
    assert_eq!(config.write().unwrap().private, private);
    assert_eq!(refused(config.endpoint("s1")).0, 400);
    let password = SmtpSettings {
        password: Some(Secret::new("b")),
        ..SmtpSettings::default()
    };
    config.update("s1", password, &[], None).unwrap();
    let (written, config) = again(&mut config);
    assert_eq!(written.private, "smtp: s1\n\tpassword b\n");
    assert!(config.endpoint("s1").is_ok());
}
