//! Which file of a template counts.

use super::*;

#[test]
fn the_admins_file_comes_before_the_vendors() {
    let folders = Folders::new();
    folders.put("vendor/t-body.txt.hbs", "vendor");
    assert_eq!(folders.render(Part::Text, &json!({})).0.unwrap(), "vendor");
    folders.put("admin/t-body.txt.hbs", "admin");
    assert_eq!(folders.render(Part::Text, &json!({})).0.unwrap(), "admin");
}

#[test]
fn each_part_has_a_file_of_its_own() {
    let folders = Folders::new();
    folders
        .put("vendor/t-subject.txt.hbs", "subject")
        .put("admin/t-body.txt.hbs", "text")
        .put("vendor/t-body.html.hbs", "html");
    for (part, expected) in [
        (Part::Subject, "subject"),
        (Part::Text, "text"),
        (Part::Html, "html"),
    ] {
        let (text, problems) = folders.render(part, &json!({}));
        assert_eq!((text.unwrap().as_str(), problems), (expected, vec![]));
    }
}

#[test]
fn html_falls_back_to_the_escaped_plain_text_of_either_folder() {
    let folders = Folders::new();
    folders.put("vendor/t-body.txt.hbs", "<vendor> {{v}}");
    let expected = |text: &str| format!("<html><body><pre>\n{text}</pre></body></html>");
    let data = json!({ "v": "a&b" });
    let (html, problems) = folders.render(Part::Html, &data);
    assert_eq!(
        (html.unwrap(), problems),
        (expected("&lt;vendor&gt; a&amp;b"), vec![])
    );
    folders.put("admin/t-body.txt.hbs", "<admin>");
    assert_eq!(
        folders.render(Part::Html, &data).0.unwrap(),
        expected("&lt;admin&gt;")
    );
    folders.put("vendor/t-body.html.hbs", "<b>html</b>");
    assert_eq!(folders.render(Part::Html, &data).0.unwrap(), "<b>html</b>");
}

#[test]
fn a_plain_text_never_falls_back_to_html() {
    let folders = Folders::new();
    folders.put("vendor/t-body.html.hbs", "html");
    assert!(folders.render(Part::Text, &json!({})).0.is_err());
    assert!(folders.render(Part::Subject, &json!({})).0.is_err());
}

#[test]
fn a_render_error_counts_as_missing_and_is_reported_with_its_file() {
    let folders = Folders::new();
    folders.put("vendor/t-body.txt.hbs", "vendor");
    for broken in [
        "{{#if}",
        "a\n{{#each x}}",
        "{{nosuchhelper 1}}",
        "{{> nosuchpartial}}",
    ] {
        folders.put("admin/t-body.txt.hbs", broken);
        let (text, problems) = folders.render(Part::Text, &json!({}));
        assert_eq!(text.unwrap(), "vendor");
        let [problem] = &problems[..] else {
            panic!("{problems:?}")
        };
        assert_eq!(problem.path, folders.path("admin/t-body.txt.hbs"));
        assert!(
            problem.to_string().contains("t-body.txt.hbs: "),
            "{problem}"
        );
    }
}

#[test]
fn with_nothing_left_the_error_says_so() {
    let folders = Folders::new();
    for part in [Part::Subject, Part::Text, Part::Html] {
        let (text, problems) = folders.render(part, &json!({}));
        let error = text.unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to render notification template, all template candidates are erroneous or missing"
        );
        assert_eq!((error, problems.len()), (Error, 1));
        let told = problems[0].to_string();
        assert!(told.contains("vendor/t-"), "{told}");
        assert!(
            told.contains("the file does not exist, nor one in "),
            "{told}"
        );
    }
    folders
        .put("admin/t-body.txt.hbs", "{{")
        .put("vendor/t-body.txt.hbs", "{{");
    let (text, problems) = folders.render(Part::Html, &json!({}));
    assert_eq!((text.is_err(), problems.len()), (true, 2));
}

#[test]
fn a_name_cannot_lead_out_of_the_folders() {
    let folders = Folders::new();
    folders.put("secret-body.txt.hbs", "secret");
    for name in [
        "../secret",
        "",
        ".",
        "..",
        "a/b",
        "/etc/t",
        "a\0b",
        ".t",
        &"a".repeat(300),
    ] {
        let mut problems = Vec::new();
        let text = folders
            .templates
            .render(name, Part::Text, &json!({}), &CLOCK, &mut problems);
        assert!(text.is_err() && problems.len() == 1, "{name}: {text:?}");
    }
}

#[test]
fn what_is_no_readable_plain_file_of_bounded_size_counts_as_missing() {
    let folders = Folders::new();
    folders.put("vendor/t-body.txt.hbs", "vendor");
    let path = folders.path("admin/t-body.txt.hbs");
    let expect = |reason: &str| {
        let (text, problems) = folders.render(Part::Text, &json!({}));
        assert_eq!(text.unwrap(), "vendor");
        assert_eq!(problems.len(), 1, "{reason}");
        assert!(problems[0].reason.contains(reason), "{problems:?}");
    };
    fs::create_dir(&path).unwrap();
    expect("not a plain file");
    fs::remove_dir(&path).unwrap();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&path)
            .status()
            .unwrap()
            .success()
    );
    expect("not a plain file");
    fs::remove_file(&path).unwrap();
    fs::write(&path, b"caf\xe9").unwrap();
    expect("not UTF-8");
    fs::write(&path, vec![b'a'; 1024 * 1024 + 1]).unwrap();
    expect("larger than 1 MiB");
    fs::write(&path, vec![b'a'; 1024 * 1024]).unwrap();
    assert_eq!(
        folders.render(Part::Text, &json!({})).0.unwrap().len(),
        1024 * 1024
    );
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&path, &path).unwrap();
    expect("cannot open it");
}

#[test]
fn a_changed_file_is_noticed_however_it_changed() {
    let folders = Folders::new();
    let file = folders.path("vendor/t-body.txt.hbs");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let put = |text: &str, time: SystemTime| {
        fs::write(&file, text).unwrap();
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(time)
            .unwrap();
    };
    let now = || folders.render(Part::Text, &json!({})).0.unwrap();
    put("one", old);
    assert_eq!((now(), now()), ("one".to_owned(), "one".to_owned()));
    put("four", old);
    assert_eq!(now(), "four");
    put("five", old + Duration::from_nanos(1000));
    assert_eq!(now(), "five");
    let other = folders.path("other");
    fs::write(&other, "more").unwrap();
    fs::File::options()
        .write(true)
        .open(&other)
        .unwrap()
        .set_modified(old + Duration::from_nanos(1000))
        .unwrap();
    fs::rename(&other, &file).unwrap();
    assert_eq!(now(), "more");
    fs::remove_file(&file).unwrap();
    assert!(folders.render(Part::Text, &json!({})).0.is_err());
}

#[test]
fn two_changes_within_one_tick_of_the_file_system_are_noticed() {
    let folders = Folders::new();
    let file = folders.path("vendor/t-body.txt.hbs");
    let fresh = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_392_000);
    for text in ["one", "two", "six"] {
        fs::write(&file, text).unwrap();
        fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(fresh)
            .unwrap();
        assert_eq!(folders.render(Part::Text, &json!({})).0.unwrap(), text);
    }
}
