//! The vendor's own templates: each renders with the data that its sender gives, with little of it and
//! with none, without a fault. With `NOTIFY_RENDER_DIR` set, what they render is left there to look at.

use std::path::Path;

use notify::FixedClock;
use notify::template::{Part, Templates};
use serde_json::{Value, json};

const CLOCK: FixedClock = FixedClock {
    now: 1_795_392_000,
    offset: 3600,
};

const FAILING: &str = "notification-target-failing";

/// A text of several lines of a mail.
const LONG: &str = "tenant administrator: enable \"Authenticated SMTP\" for the mailbox, and check the security \
     defaults and the Conditional Access policies; the server says: 535 5.7.139 Authentication unsuccessful";

fn templates() -> Templates {
    let vendor = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
    Templates::new("/nonexistent", vendor)
}

fn fenced(nodes: Value, resources: Value) -> Value {
    json!({
        "failed-node": "ve3", "fence-status": "try to fence node", "fence-prefix": "FENCE",
        "fence-timestamp": 1_795_391_990, "nodes": nodes, "resources": resources,
    })
}

/// A table of one column and one row.
fn list(id: &str, label: &str, value: &str) -> Value {
    json!({ "schema": { "columns": [{ "label": label, "id": id }] }, "data": [{ id: value }] })
}

/// Template, its data, and what has to be in its subject, text and HTML.
fn samples() -> Vec<(&'static str, Value, &'static str)> {
    let common = json!({ "hostname": "ve1", "fqdn": "ve1.example.org", "cluster-name": "lab" });
    let with = |more: Value| {
        let mut data = common.clone();
        data.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        data
    };
    let updates = json!({ "available-updates": {
        "schema": { "columns": [
            { "label": "Package", "id": "package" },
            { "label": "Old version", "id": "old-version" },
            { "label": "New version", "id": "new-version" },
        ] },
        "data": [
            { "package": "openssl", "old-version": "3.5.1-1", "new-version": "3.5.1-1+deb13u1" },
            { "package": "linux-image-amd64", "old-version": "6.12.38-1", "new-version": "6.12.41-1" },
            { "package": "libexample-with-a-long-name-perl", "old-version": "1.2", "new-version": "1.10~rc1" },
        ],
    } });
    let guests = json!({ "columns": [
        { "label": "VMID", "id": "vmid" },
        { "label": "Name", "id": "name" },
        { "label": "Status", "id": "status" },
        { "label": "Time", "id": "time", "renderer": "duration" },
        { "label": "Size", "id": "size", "renderer": "human-bytes" },
        { "label": "Filename", "id": "filename" },
    ] });
    let logs = "INFO: starting new backup job: vzdump 100 101\nINFO: Starting Backup of VM 100 (qemu)\nINFO: status: 100% (32.0 GiB of 32.0 GiB), duration 182, read: 180.1 MiB/s <ok>\nERROR: Backup of VM 101 failed - no space left on device\n";
    vec![
        ("test", json!({ "target": "mail-to-root" }), "mail-to-root"),
        ("package-updates", with(updates), "ve1"),
        (
            "replication",
            with(json!({
                "job-id": "100-0", "job-target": "ve2", "failure-count": 3,
                "last-sync": 1_795_300_000, "next-sync": 1_795_395_600,
                "error": "command 'zfs send' failed: exit code 255 <broken & pipe>",
            })),
            "100-0",
        ),
        (
            "vzdump",
            with(json!({
                "status-text": "job errors", "error": "1 of 2 guests failed",
                "guest-table": { "schema": guests, "data": [
                    { "vmid": 100, "name": "web", "status": "ok", "time": 182, "size": 34_359_738_368_u64, "filename": "vm/100/2026-11-23T00:00:00Z" },
                    { "vmid": 101, "name": "db", "status": "err", "time": "4" },
                ] },
                "total-time": 186, "total-size": 34_359_738_368_u64, "logs": logs,
            })),
            "job errors",
        ),
        (
            "fencing",
            with(fenced(
                json!([{ "node": "ve1", "status": "online" }]),
                json!([{ "sid": "vm:100" }]),
            )),
            "ve3",
        ),
        (
            "fencing",
            with(fenced(
                list("node", "Node", "ve1"),
                list("sid", "Resource", "vm:100"),
            )),
            "ve3",
        ),
        (
            FAILING,
            json!({
                "target": "relay", "hostname": "ve1", "fqdn": "ve1.example.org",
                "condition": "authorize-again", "reason": "the grant has ended <see>; sign in again",
                "cause": "the grant has ended <see>", "cure": LONG, "details": LONG,
                "last-send": 1_795_300_000,
                "last-refresh": 1_795_300_000, "authorized": 1_790_000_000,
            }),
            "relay",
        ),
        (
            FAILING,
            json!({
                "target": "relay", "hostname": "ve1", "fqdn": "ve1.example.org",
                "condition": "misconfigured", "reason": "the login is refused; look; it says: 535",
                "cause": "the login is refused", "cure": LONG, "details": LONG,
                "last-send": 1_795_300_000, "last-refresh": 1_795_300_000,
                "authorized": 1_790_000_000,
            }),
            "relay",
        ),
    ]
}

#[test]
fn every_template_renders_without_a_fault() {
    let (templates, keep) = (templates(), std::env::var_os("NOTIFY_RENDER_DIR"));
    for (name, data, mark) in samples() {
        for (part, ending) in [
            (Part::Subject, "subject"),
            (Part::Text, "txt"),
            (Part::Html, "html"),
        ] {
            let mut problems = Vec::new();
            let text = templates
                .render(name, part, &data, &CLOCK, &mut problems)
                .unwrap();
            assert_eq!(problems, [], "{name} {ending}");
            assert!(text.contains(mark), "{name} {ending}: {text}");
            assert!(
                !text.contains("ERROR\n") || name == "vzdump",
                "{name}: {text}"
            );
            assert!(
                !text.contains("{{") && !text.contains("\n\n\n"),
                "{name} {ending}: {text}"
            );
            match part {
                Part::Subject => {
                    assert!(text.chars().count() < 100 && !text.contains('\n'), "{text}")
                }
                Part::Text => assert!(!text.contains("&lt;"), "{text}"),
                Part::Html => {
                    assert!(
                        !text.contains("<broken") && !text.contains("<ok>"),
                        "{text}"
                    );
                    assert_reads_well(name, &text);
                }
            }
            if let Some(dir) = &keep {
                std::fs::write(Path::new(dir).join(format!("{name}.{ending}")), text).unwrap();
            }
        }
    }
}

/// Fits the width of a phone, and needs nothing that mail clients take away: a style sheet, a script,
/// a picture.
fn assert_reads_well(name: &str, html: &str) {
    for needed in [
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">",
        "<div style=\"max-width: 640px;",
        "overflow-wrap: break-word;",
    ] {
        assert!(html.contains(needed), "{name} lacks {needed}: {html}");
    }
    for lost in ["<style", "<link", "<script", "class=", "src=", " width="] {
        assert!(!html.contains(lost), "{name} has {lost}: {html}");
    }
    let elements = |tag: &str| {
        let places = html.match_indices(tag);
        places
            .map(|(place, _)| html.split_at(place))
            .collect::<Vec<_>>()
    };
    let scrolls = |before: &str| {
        let wrapper = before.rfind("<div style=\"overflow-x: auto;");
        wrapper.is_some_and(|open| !before[open..].contains("</div>"))
    };
    for (before, table) in elements("<table") {
        let (table, _) = table.split_once("</table>").unwrap();
        let columns = table.contains("<th");
        assert!(
            !columns || scrolls(before),
            "{name}: {table} does not scroll"
        );
        // a label and its value
        let values = table.matches("</tr>").count();
        assert!(
            columns || table.matches("word-break: break-word;").count() == values,
            "{name}: {table} does not wrap"
        );
    }
    for (before, pre) in elements("<pre") {
        let (opening, _) = pre.split_once('>').unwrap();
        let wraps = opening.contains("white-space: pre-wrap;")
            && opening.contains("word-break: break-word;");
        assert!(
            wraps || scrolls(before),
            "{name}: {opening} neither wraps nor scrolls"
        );
    }
}

#[test]
fn none_needs_data_that_its_sender_may_leave_out() {
    for (name, ..) in samples() {
        for part in [Part::Subject, Part::Text, Part::Html] {
            let mut problems = Vec::new();
            let text = templates()
                .render(name, part, &json!({}), &CLOCK, &mut problems)
                .unwrap();
            assert!(!text.is_empty());
            // a list of updates without updates is never sent
            if name != "package-updates" {
                assert_eq!(problems, [], "{name} {part:?}");
                assert!(!text.contains("ERROR"), "{name}: {text}");
            }
        }
    }
}

#[test]
fn the_message_of_a_failing_target_needs_no_file() {
    let without = Templates::new("/nonexistent/a", "/nonexistent/b");
    let samples = samples();
    let (_, data, _) = samples.iter().find(|(name, ..)| *name == FAILING).unwrap();
    for part in [Part::Subject, Part::Text, Part::Html] {
        let mut problems = Vec::new();
        let mut text = |from: &Templates| from.render(FAILING, part, data, &CLOCK, &mut problems);
        assert_eq!(text(&without).unwrap(), text(&templates()).unwrap());
        assert_eq!(problems, []);
    }
}

/// What senders give and no template needs to show: who sent it is said in other words, and `reason` is
/// cause, cure and details once more.
const UNSHOWN: [&str; 4] = ["hostname", "fqdn", "cluster-name", "reason"];

fn rendered(name: &str, part: Part, data: &Value) -> String {
    let mut problems = Vec::new();
    let text = templates().render(name, part, data, &CLOCK, &mut problems);
    assert_eq!(problems, [], "{name} {part:?}");
    text.unwrap()
}

fn keys(data: &Value) -> impl Iterator<Item = &String> {
    data.as_object().unwrap().keys()
}

#[test]
fn what_a_sender_gives_is_shown() {
    for (name, data, _) in samples() {
        for key in keys(&data).filter(|key| !UNSHOWN.contains(&key.as_str())) {
            let mut without = data.clone();
            without.as_object_mut().unwrap().remove(key);
            let is_shown = |part| rendered(name, part, &data) != rendered_or(name, part, &without);
            // the prefix is the subject's
            let parts: &[Part] = match key.as_str() {
                "fence-prefix" => &[Part::Subject],
                _ => &[Part::Text, Part::Html],
            };
            for &part in parts {
                assert!(is_shown(part), "{name} {part:?} does not show {key}");
            }
        }
    }
}

/// Also with data that make a helper fail.
fn rendered_or(name: &str, part: Part, data: &Value) -> String {
    let text = templates().render(name, part, data, &CLOCK, &mut Vec::new());
    text.unwrap_or_default()
}

#[test]
fn no_template_asks_for_what_its_sender_does_not_give() {
    for (name, ..) in samples() {
        let all = samples();
        let known: Vec<&String> = all
            .iter()
            .filter(|sample| sample.0 == name)
            .flat_map(|(_, data, _)| keys(data))
            .collect();
        for file in ["subject.txt", "body.txt", "body.html"] {
            for word in asked(&format!("{name}-{file}.hbs")) {
                let is_known = known.iter().any(|key| **key == word);
                assert!(
                    is_known || word == "fqdn",
                    "{name}-{file}: {word} is unknown"
                );
            }
        }
    }
}

/// The first parts of the paths that a template uses.
fn asked(file: &str) -> Vec<String> {
    const WORDS: [&str; 11] = [
        "if",
        "lookup",
        "else",
        "eq",
        "gt",
        "len",
        "table",
        "object",
        "wrap",
        "duration",
        "human-bytes",
    ];
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../templates")
        .join(file);
    let text = std::fs::read_to_string(path).unwrap();
    let tags = text
        .split("{{")
        .skip(1)
        .map(|rest| rest.split_once("}}").unwrap().0);
    let words = tags.flat_map(|tag| tag.split([' ', '(', ')', '#', '~']));
    let words = words.filter(|word| word.starts_with(char::is_alphabetic));
    let words = words.filter(|word| !WORDS.contains(word) && *word != "timestamp");
    words
        .map(|word| word.split('.').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_message_of_a_failing_target_begins_with_what_is_broken_and_the_fix_in_72_columns() {
    let name = "relay-of-the-second-data-center1";
    for (condition, target, second) in [
        (
            "authorize-again",
            "relay",
            "Fix: pve-notify authorize relay",
        ),
        (
            "misconfigured",
            "relay",
            "Fix: pvesh set /cluster/notifications/endpoints/smtp/relay",
        ),
        (
            "failing",
            "relay",
            "Test: pvesh create /cluster/notifications/targets/relay/test",
        ),
        ("misconfigured", name, "Fix: pvesh set \\"),
        ("failing", name, "Test: pvesh create \\"),
    ] {
        let mut data = samples().pop().unwrap().1;
        data["condition"] = json!(condition);
        data["target"] = json!(target);
        let text = rendered(FAILING, Part::Text, &data);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[0],
            format!("Notification target '{target}' cannot send mail.")
        );
        assert_eq!(lines[1], second);
        assert_eq!(
            second.ends_with('\\'),
            lines[2].starts_with("  /cluster/"),
            "{text}"
        );
        for line in &lines {
            assert!(line.chars().count() <= 72, "{condition}: {line}");
        }
        assert!(text.ends_with(
            "\n\nUntil this is fixed, notifications to this target are lost.\nYou will not be reminded.\n"
        ), "{text}");
        let html = rendered(FAILING, Part::Html, &data);
        let command = html.find("<code").unwrap();
        assert!(
            command < html.find("the login is refused").unwrap(),
            "{html}"
        );
        assert!(!html.contains("any more"), "{html}");
    }
}
